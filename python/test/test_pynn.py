"""The backend of PyNN: what its scripts describe is what runs here."""

import numpy as np
import pytest

import punctum as pm

pytest.importorskip("pyNN")
sim = pytest.importorskip("punctum.pynn")


def test_a_network_is_the_one_described_here():
    """Units, parameters and delays: the same spikes, to the bit, as from the package itself."""
    sim.setup(timestep=0.1, min_delay=0.1, seed=3)
    sources = sim.Population(3, sim.SpikeSourceArray(spike_times=[[1.0, 5.0], [2.0], [7.25]]))
    cells = sim.Population(4, sim.IF_curr_exp(tau_m=15.0, cm=0.5, tau_syn_E=3.0, tau_syn_I=3.0, i_offset=0.3))
    prj = sim.Projection(sources, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=4.0, delay=0.55))
    cells.record(["spikes", "v"])
    sim.run(20.0)
    sim.run(30.0)
    segment = cells.get_data().segments[0]
    net = pm.Network(seed=3)
    net.spikes("a", times=[[1.0, 5.0], [2.0], [7.25]])
    net.lif(
        "b",
        4,
        C_m=500.0,
        g_L=500.0 / 15.0,
        E_L=-65.0,
        V_th=-50.0,
        V_reset=-65.0,
        t_ref=0.1,
        I_e=300.0,
        tau_1=3.0,
        tau_2=0.0,
    )
    net.connect("a", "b", weight=4000.0, delay=0.55)
    run = net.simulation().run(50.0)
    assert len(run["b"]) > 4
    for train, expected in zip(segment.spiketrains, run["b"].trains()):
        assert np.array_equal(train.magnitude, expected)
    v = segment.filter(name="v")[0]
    assert v.shape == (501, 4) and v[0, 0] == -65.0
    assert prj.get("weight", format="array").shape == (3, 4)
    assert sum(cells.get_spike_counts().values()) == len(run["b"])


def test_reset_and_clear():
    """Runs repeat after a reset, with changed weights too; what was cleared is gone."""
    sim.setup(timestep=0.5, min_delay=0.5)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[2.0, 3.0, 4.0]))
    cells = sim.Population(2, sim.IF_curr_delta())
    prj = sim.Projection(source, cells, sim.FromListConnector([(0, 0)]), sim.StaticSynapse(weight=6.0, delay=1.0))
    cells.record(["spikes", "v"])
    for weight in (6.0, 1.0, 6.0):
        prj.set(weight=weight)
        sim.run(10.0)
        sim.reset()
    counts = [[len(train) for train in s.spiketrains] for s in cells.get_data(clear=False).segments]
    assert counts[:3] == [[1, 0], [0, 0], [1, 0]]
    sim.run(5.0)
    with pytest.raises(NotImplementedError, match="reset"):
        prj.set(weight=2.0)
    cells.get_data(clear=True)
    sim.run(5.0)
    v = cells.get_data().segments[0].filter(name="v")[0]
    assert (v.t_start, v.shape) == (5.0, (11, 2))


def test_poisson_sources_have_their_rate():
    """The mean of many is within six standard deviations, and slices change nothing."""
    trains = []
    for parts in (1, 7):
        sim.setup(seed=5)
        p = sim.Population(50, sim.SpikeSourcePoisson(rate=40.0, start=100.0, duration=800.0))
        p.record("spikes")
        for _ in range(parts):
            sim.run(1000.0 / parts)
        trains.append([t.magnitude for t in p.get_data().segments[0].spiketrains])
    for t in trains:
        times = np.concatenate(t)
        assert abs(len(times) - 1600) < 6 * 40
        assert times.min() >= 100.0 and times.max() < 900.0


def test_depressing_and_facilitating_synapses():
    """What arrives is the weight times u x of the model's equations, with parameters of every synapse's own."""
    sim.setup(timestep=0.5, min_delay=0.5)
    times = [2.0, 12.0, 17.0, 60.0]
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=times))
    cells = sim.Population(3, sim.IF_curr_delta(tau_m=1e9, v_rest=-65.0, v_thresh=0.0), initial_values={"v": -65.0})
    synapse = sim.TsodyksMarkramSynapse(weight=8.0, delay=1.0, tau_rec=100.0)
    own = [(0, 0, 0.5, 0.0), (0, 1, 0.2, 0.0), (0, 2, 0.2, 50.0)]
    prj = sim.Projection(source, cells, sim.FromListConnector(own, column_names=["U", "tau_facil"]), synapse)
    cells.record("v")
    sim.run(80.0)
    v = cells.get_data().segments[0].filter(name="v")[0].magnitude
    assert prj.get("U", format="list") == [(0, 0, 0.5), (0, 1, 0.2), (0, 2, 0.2)]
    for _, k, U, tau in own:
        u, x = U, 1.0
        for n, time in enumerate(times):
            if n:
                h = time - times[n - 1]
                x = 1.0 - (1.0 - x * (1.0 - u)) * np.exp(-h / 100.0)
                u = U + u * (1.0 - U) * (np.exp(-h / tau) if tau else 0.0)
            before, after = (v[int(2 * (time + 1.0)) + step, k] for step in (-1, 1))
            # the leak of 1 ms with a time constant of 1e9 ms
            assert after - before == pytest.approx(8.0 * u * x, abs=1e-6)
    sim.reset()
    prj.set(U=1.0)
    prj[0].tau_rec = 1e9
    assert prj[0].U == 1.0 and prj[0].tau_rec == 1e9
    sim.run(80.0)
    last = cells.get_data().segments[1].filter(name="v")[0].magnitude[-1]
    assert last[0] == pytest.approx(-57.0, abs=1e-5) and last[1] > last[0] + 1.0
    with pytest.raises(AttributeError, match="tau_req"):
        prj[0].tau_req = 1.0
    with pytest.raises(AttributeError, match="tau_req"):
        prj[0].tau_req


def test_views_and_assemblies():
    sim.setup()
    cells = sim.Population(6, sim.IF_curr_exp(tau_syn_E=2.0, tau_syn_I=2.0))
    part = cells[2:5]
    assert part[0:2].get("v_thresh") == -50.0
    both = part + sim.Population(2, sim.IF_curr_exp(tau_syn_E=2.0, tau_syn_I=2.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=30.0, delay=1.0)
    sim.Projection(source, both, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    both.record("spikes")
    sim.run(10.0)
    assert [len(t) > 0 for t in both.get_data().segments[0].spiketrains] == [True] * 5


def test_currents():
    """A step has the potential of its closed form, and a change acts from the present on."""
    sim.setup(timestep=0.1)
    cells = sim.Population(2, sim.IF_curr_exp(tau_m=20.0, cm=1.0, v_thresh=0.0))
    source = sim.DCSource(amplitude=0.2, start=10.0, stop=40.0)
    cells[0].inject(source)
    cells.record("v")
    sim.run(20.0)
    source.amplitude = 0.0
    sim.run(10.0)
    v = cells.get_data().segments[0].filter(name="v")[0].magnitude
    assert np.all(v[:, 1] == -65.0)
    top = -65.0 + 4.0 * -np.expm1(-10.0 / 20.0)
    assert v[200, 0] == pytest.approx(top, rel=1e-12)  # a few roundings
    assert v[300, 0] == pytest.approx(-65.0 + (top + 65.0) * np.exp(-10.0 / 20.0), rel=1e-12)


def test_receptors_and_parameters_that_differ():
    sim.setup()
    cells = sim.Population(3, sim.IF_curr_alpha(tau_syn_E=2.0, tau_syn_I=5.0, v_thresh=[-50.0, -30.0, 0.0]))
    cells.initialize(v=-64.0)
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[1.0]))
    synapse = sim.StaticSynapse(weight=4.0, delay=1.0)
    sim.Projection(source, cells, sim.AllToAllConnector(), synapse, receptor_type="excitatory")
    cells.record(["spikes", "v"])
    sim.run(20.0)
    segment = cells.get_data().segments[0]
    assert segment.filter(name="v")[0][0, 0] == -64.0
    assert [len(train) for train in segment.spiketrains] == [1, 0, 0]


def test_sources_with_a_memory():
    """Intervals are those of the processes, also across the ends of runs; a rate beyond the dead time is refused."""
    sim.setup(seed=5)
    gamma = sim.Population(2, sim.SpikeSourceGamma(alpha=[4, 2], beta=[400.0, 100.0]))
    dead = sim.Population(1, sim.SpikeSourcePoissonRefractory(rate=100.0, tau_refrac=6.0, start=50.0, duration=9000.0))
    gamma.record("spikes")
    dead.record("spikes")
    for _ in range(10):
        sim.run(1000.0)
    trains = [*gamma.get_data().segments[0].spiketrains, *dead.get_data().segments[0].spiketrains]
    intervals = [np.diff(train.magnitude) for train in trains]
    # means of 1000, 500 and 900 intervals, of coefficients of variation 0.5, 0.7, 0.4: four standard errors
    assert [x.mean() for x in intervals] == pytest.approx([10.0, 20.0, 10.0], rel=0.13)
    assert intervals[0].std() / 10.0 == pytest.approx(0.5, rel=0.15)
    assert intervals[2].min() >= 6.0 - 1e-11  # a difference of times below 1e4 ms
    assert trains[2].magnitude.min() > 50.0 and trains[2].magnitude.max() < 9050.0
    sim.setup()
    sim.Population(1, sim.SpikeSourcePoissonRefractory(rate=200.0, tau_refrac=6.0))
    with pytest.raises(ValueError, match="dead time"):
        sim.run(1.0)


def test_what_there_is_not():
    """A model of PyNN that is missing is told from a slip of the pen."""
    with pytest.raises(AttributeError, match="punctum has no IF_cond_exp, .*IF_curr_exp"):
        sim.IF_cond_exp()
    with pytest.raises(AttributeError, match="module 'punctum.pynn' has no attribute 'IF_cur_exp'"):
        sim.IF_cur_exp()
    assert not hasattr(sim, "HH_cond_exp")
