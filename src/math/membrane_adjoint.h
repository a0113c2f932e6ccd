/* The adjoint of a membrane between two events, and what the numbers of the membrane are to it.
 *
 * The state x of membrane.h obeys x' = M x + c; its adjoint p obeys p' = -M^T p and has the same layout. Sines are
 * functions of time alone: they have no adjoint. With p at the end and x at the start of a piece, the derivative of
 * p^T x at the end with respect to a number of the membrane is the integral of p^T (dM/dn x + dc/dn), a sum of
 * convolutions. Times in ms, potentials in mV, currents in pA. */
#ifndef PM_MATH_MEMBRANE_ADJOINT_H
#define PM_MATH_MEMBRANE_ADJOINT_H

#include "math/membrane.h"

/* The numbers of a membrane as the derivatives with respect to them are laid out: these, then those of each port, each
 * threshold and each after-spike current. */
enum {
    PM_OF_L_M,
    PM_OF_INV_C,
    PM_OF_CONSTANT,
    PM_OF_THETA,
    PM_OF_T_REF,
    PM_OF_FACTOR,
    PM_OF_ADD,
    PM_OF_START,
    PM_OF_PORTS
};
enum { PM_OF_L_1, PM_OF_L_2, PM_OF_K, PM_OF_PORT_JUMP, PM_OF_PORT };
enum { PM_OF_RATE, PM_OF_JUMP, PM_OF_DECAY };

static inline size_t pm_membrane_numbers(const pm_membrane *m) {
    return PM_OF_PORTS + PM_OF_PORT * m->n_ports + PM_OF_DECAY * (m->n_thresholds + m->n_after);
}
static inline size_t pm_membrane_of_thresholds(const pm_membrane *m) { return PM_OF_PORTS + PM_OF_PORT * m->n_ports; }
static inline size_t pm_membrane_of_after(const pm_membrane *m) {
    return pm_membrane_of_thresholds(m) + PM_OF_DECAY * m->n_thresholds;
}

/* p at the start of a piece from p at its end; `row` is that of its length; `held`: u stays where it is. `to` may be
 * `from`. */
void pm_membrane_move_back(const pm_membrane *m, const double *row, bool held, const double *from, double *to);

/* Adds the derivatives with respect to what shapes the course over a piece of t ms: l_m, 1/C_m, the constant current
 * u_inf l_m C_m, the ports' l_1, l_2 and k, all rates. x: the state at the start; p: the adjoint at the end. */
void pm_membrane_course_slopes(const pm_membrane *m, double t, const double *row, bool held, const double *x,
                               const double *p, double *numbers);

#endif
