# Networks of general neurons: what is refused in their files. Part of test/e2e.sh.

# general_network LINES...: a small network with several receptors, and more lines.
general_network() {
    printf 'duration: 10.0\nreceptors: {ampa: {tau_1: 2.0, tau_2: 0.5}, gaba: {tau: 8.0}}\n'
    printf 'populations: [{name: in, size: 2, source: {poisson: {rate: 10.0}}}, {name: cells, size: 2}]\n'
    printf '%s\n' "$@"
}
# refuse_general PATTERN LINES...
refuse_general() {
    pattern=$1
    shift
    general_network "$@" > network.yaml
    refuse 2 "network\.yaml:[0-9]+: .*$pattern" run network.yaml -o new
}

refuse_general "receptor: there is no receptor 'amp'; did you mean 'ampa'" \
    'projections: [{from: in, to: cells, connect: all_to_all, weight: 1.0, receptor: amp}]'
refuse_general "'cells' has several receptors \(ampa, gaba\); receptor: has to name one" \
    'projections: [{from: in, to: cells, connect: all_to_all, weight: 1.0}]'
refuse_general "fixed_indegree is 3, and a neuron of 'cells' has 2 different sources" \
    'projections: [{from: in, to: cells, connect: {fixed_indegree: 3, multapses: no}, weight: 1.0, receptor: ampa}]'
refuse_general "weight falls between low = 9 and high = 10 less than once in a million" \
    'projections: [{from: in, to: cells, connect: all_to_all, weight: {normal: [0.0, 1.0], low: 9.0, high: 10.0}, receptor: ampa}]'
refuse_general "a normal delay may be negative; give it a low" \
    'projections: [{from: in, to: cells, connect: all_to_all, weight: 1.0, delay: {normal: [1.0, 0.1]}, receptor: ampa}]'
refuse_general "step 1 is at 10 ms, not after the one before" 'currents: [{population: cells, steps: [[10.0, 1.0], [10.0, 2.0]]}]'
refuse_general "frequency is 0 Hz" 'currents: [{population: cells, sine: {amplitude: 1.0, frequency: 0.0}}]'
refuse_general "frequency is -5 Hz" 'currents: [{population: cells, sine: {amplitude: 1.0, frequency: -5.0}}]'
refuse_general "amplitude is 1e\+20 pA; it must be from" 'currents: [{population: cells, sine: {amplitude: 1e20, frequency: 1.0}}]'
refuse_general "std is -1 pA; it must be from 0 to" 'currents: [{population: cells, noise: {std: -1.0, interval: 1.0}}]'
refuse_general "'\.nan' is not a time" 'currents: [{population: cells, steps: [[.nan, 1.0]]}]'
refuse_general "interval is 0 ms" 'currents: [{population: cells, noise: {std: 1.0, interval: 0.0}}]'
refuse_general "'in' is a source; currents go into neurons" 'currents: [{population: in, steps: [[0.0, 1.0]]}]'
refuse_general "a current is one of" 'currents: [{population: cells}]'
refuse_general "there is no receptor 'nmda'" \
    'record: {current: [{population: cells, neurons: [0], interval: 1.0, receptor: nmda}]}'

# A population with one more key.
refuse_cells() {
    pattern=$1
    printf 'duration: 10.0\npopulations: [{name: cells, size: 3, %s}]\n' "$2" > network.yaml
    refuse 2 "network\.yaml:[0-9]+: .*$pattern" run network.yaml -o new
}
refuse_cells "tau is -1 ms" 'receptors: {a: {tau: -1.0}}'
refuse_cells "'\.nan' is not" 'receptors: {a: {tau: .nan}}'
refuse_cells "tau_2 is 3 ms; it must be smaller than tau_1" 'receptors: {a: {tau_1: 2.0, tau_2: 3.0}}'
refuse_cells "a receptor is one of" 'receptors: {a: {beta: 2.0}}'
refuse_cells "a receptor is one of" 'receptors: {a: pulse}'
refuse_cells "a map of NAME: RECEPTOR" 'receptors: {}'
refuse_cells "alpha is -1 ms" 'receptors: {a: {alpha: -1.0}}'
refuse_cells "there are two receptors named 'a'" 'receptors: {a: {tau: 1.0}, a: {tau: 2.0}}'
refuse_cells "tau is -1 ms" 'after_spike: [{jump: 1.0, tau: -1.0}]'
refuse_cells "'\.nan' is not" 'threshold: [{jump: .nan, tau: 1.0}]'
refuse_cells "the V_th falls between low = 20 and high = 30 less than once in a million" \
    'neuron: {V_th: {normal: [15.0, 0.0], low: 20.0, high: 30.0}}'
refuse_cells "low must not exceed high" 'neuron: {V_th: {normal: [15.0, 1.0], low: 30.0, high: 20.0}}'
refuse_cells "I_e is inf pA" 'neuron: {I_e: {lognormal: [800.0, 1.0]}}'
refuse_cells "'jump' is missing" 'threshold: [{tau: 10.0}]'
refuse_cells "tau is 0 ms" 'threshold: [{jump: 1.0, tau: 0.0}]'
refuse_cells "a reset is one of" 'reset: {to: -70.0, subtract: 1.0}'
refuse_cells "fraction is 2" 'reset: {fraction: 2.0}'
refuse_cells "V_reset is 30 mV; it must be below V_th" 'reset: {to: 30.0}'
refuse_cells "neuron cells\[[0-9]+\]: V_reset" 'neuron: {V_reset: {uniform: [0.0, 25.0]}, V_th: 15.0}'
printf '1.0 2.0\n' > two.dat
printf 'duration: 10.0\npopulations: [{name: cells, size: 3, neuron: {I_e: {file: two.dat}}}]\n' > network.yaml
refuse 2 "two\.dat:.*ends after 2 numbers; 'cells' has 3 neurons" run network.yaml -o new
printf '1.0 2.0 3.0 4.0\n' > four.dat
printf 'duration: 10.0\npopulations: [{name: cells, size: 3, initial: {V_m: {file: four.dat}}}]\n' > network.yaml
refuse 2 "four\.dat:1: more than 3 numbers; 'cells' has 3 neurons" run network.yaml -o new
refuse_cells "give one of normal" 'initial: {V_m: {low: 1.0}}'
refuse_cells "'cells' has a source: its neurons have no parameters" 'source: {poisson: {rate: 1.0}}, reset: {to: 1.0}'
refuse_cells "the amplitude of 'cells' is 3; it must be between 0 and its rate" \
    'source: {sinusoidal_poisson: {rate: 2.0, amplitude: 3.0, frequency: 1.0}}'
{
    printf 'duration: 10.0\npopulations:\n  - name: cells\n    size: 1\n    receptors:\n'
    seq 1 40 | sed 's/.*/      r&: {tau: 1.0}/'
} > network.yaml
refuse 2 "network\.yaml:[0-9]+: .*there are 40 receptors; 32 are the most" run network.yaml -o new

# A threshold that falls below the potential after a spike, and none that ends it: the neuron is named.
endless() {
    printf 'duration: 10.0\npopulations: [{name: cells, size: 3, neuron: {I_e: 9000.0, t_ref: 0.0}, %s}]\n' "$1" > network.yaml
    refuse 1 "runaway activity: neuron cells\[[0-2]\] fires without end at 3\.5667" run network.yaml -o new
}
endless 'threshold: [{jump: -100.0, tau: 10.0}]'
endless 'reset: {fraction: 1.0, add: 5.0}'

# A neuron that is at its threshold at t = 0 fires with the slope from before what arrives then.
echo "0 0" > zero.dat
cat > at-once.yaml << 'END'
duration: 5.0
populations:
  - {name: in, size: 1, source: {spikes: zero.dat}}
  - {name: a, size: 1, neuron: {V_th: -72.0, V_reset: -82.0, t_ref: 2.0}, receptors: {fast: {tau: 2.0}, slow: {tau: 8.0}}}
projections:
  - {from: in, to: a, connect: all_to_all, receptor: fast, weight: 2381.0, delay: 0.0}
END
check "a neuron above its threshold at the beginning" "$program" run at-once.yaml -o at-once -q
check "its slope is from before the arrival" test "$(grep -v '#' at-once/spikes-a.dat | head -n 1)" = "0 0 0"
