/* punctum: exact event-driven simulation of spiking neural networks, and training to fire at given instants.
 * This is the one header to include. */
#ifndef PUNCTUM_H
#define PUNCTUM_H

#include <punctum/api.h>
#include <punctum/camera.h>
#include <punctum/classification.h>
#include <punctum/error.h>
#include <punctum/exchange.h>
#include <punctum/gradient.h>
#include <punctum/io.h>
#include <punctum/kind.h>
#include <punctum/metric.h>
#include <punctum/network.h>
#include <punctum/neuron.h>
#include <punctum/recording.h>
#include <punctum/results.h>
#include <punctum/run.h>
#include <punctum/search.h>
#include <punctum/simulation.h>
#include <punctum/state.h>
#include <punctum/synapses.h>
#include <punctum/table.h>
#include <punctum/training.h>
#include <punctum/validation.h>

#define PM_VERSION "0.1.0"

#endif
