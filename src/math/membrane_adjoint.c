/* Term by term: the adjoint passes from u to the currents and from these to their sources, so that every integral of
 * an adjoint and a state is a convolution along one chain, u - i - b of a port or u - A. Invariant: no term is a
 * difference of quantities larger than itself, but for sines, where the error is that of u itself. */
#include "math/membrane_adjoint.h"

#include "math/convolution.h"

void pm_membrane_move_back(const pm_membrane *m, const double *row, bool held, const double *from, double *to) {
    const double p_u = held ? 0.0 : from[0];
    const size_t n_sines = 2 * m->n_sines;
    to[0] = held ? from[0] : p_u * row[0];
    row += 2;
    from++;
    to++;
    for (size_t k = 0; k < m->n_ports; k++, row += PM_ROW_PORT, from += 2, to += 2) {
        const double p_i = from[0], p_b = from[1];
        to[0] = p_u * row[PM_ROW_D1] + p_i * row[PM_ROW_E1];
        to[1] = p_u * row[PM_ROW_D12] + p_i * row[PM_ROW_ALPHA] + p_b * row[PM_ROW_E2];
    }
    for (size_t j = 0; j < m->n_thresholds; j++, row += 2)
        *to++ = *from++ * row[0];
    for (size_t k = 0; k < m->n_after; k++, row += 2)
        *to++ = p_u * row[1] + *from++ * row[0];
    for (size_t k = 0; k < n_sines; k++)
        *to++ = 0.0;
}

/* u is fed by i, i by b. */
static void double_slopes(const pm_membrane *m, const pm_port *port, double t, const double *x, double p_u,
                          const double *p, double *numbers, double *of_port) {
    const double l_m = m->l_m, q = p_u * m->inv_C, i = x[0], b = x[1], kb = port->k * b;
    double of_m[PM_CONVOLUTION][PM_CONVOLUTION], of_1[PM_CONVOLUTION][PM_CONVOLUTION],
        of_2[PM_CONVOLUTION][PM_CONVOLUTION];
    pm_convolutions((double[]){l_m, l_m, port->l_1, port->l_2}, t, of_m);
    pm_convolutions((double[]){l_m, port->l_1, port->l_1, port->l_2}, t, of_1);
    pm_convolutions((double[]){l_m, port->l_1, port->l_2, port->l_2}, t, of_2);
    numbers[PM_OF_L_M] -= q * (i * of_m[0][2] + kb * of_m[0][3]);
    of_port[PM_OF_L_1] -= q * (i * of_1[0][2] + kb * of_1[0][3]) + p[0] * (i * of_1[1][2] + kb * of_1[1][3]);
    of_port[PM_OF_L_2] -= q * kb * of_2[0][3] + p[0] * kb * of_2[1][3] + p[1] * b * of_2[2][3];
    of_port[PM_OF_K] += b * (q * of_2[0][2] + p[0] * of_2[1][2]);
}

/* u is fed by one decaying current. */
static void decay_slopes(const pm_membrane *m, double rate, double t, double x, double p_u, double p, double *numbers,
                         double *of_rate) {
    const double q = p_u * m->inv_C;
    double of_m[PM_CONVOLUTION][PM_CONVOLUTION];
    pm_convolutions((double[]){m->l_m, m->l_m, rate, rate}, t, of_m);
    numbers[PM_OF_L_M] -= q * x * of_m[0][2];
    *of_rate -= q * x * of_m[1][3] + p * x * of_m[2][3];
}

/* A sine's response of u is its steady course, itself a sine, less what is left of that course's start. */
static void sine_slopes(const pm_membrane *m, const pm_sine *sine, double t, const double *row, const double *at,
                        const double *x, double p_u, double *numbers) {
    const double of_s = m->l_m * sine->inverse * m->inv_C, of_c = -sine->w * sine->inverse * m->inv_C;
    const double s = of_s * x[0] + of_c * x[1], c = of_s * x[1] - of_c * x[0];
    const double filtered = (at[PM_ROW_OF_S] * s + at[PM_ROW_OF_C] * c) / m->inv_C;
    numbers[PM_OF_L_M] -= p_u * (filtered - s * t * row[0]);
}

/* What the membrane's own numbers are to u without the currents' part in l_m; from the row. */
static void membrane_slopes(const pm_membrane *m, double t, const double *row, const double *x, double p_u,
                            double *numbers) {
    const double rise = row[1] / m->l_m, constant = m->u_inf * m->l_m / m->inv_C;
    const double *at = row + 2, *v = x + 1;
    double response = 0.0;
    for (size_t k = 0; k < m->n_ports; k++, at += PM_ROW_PORT, v += 2)
        response += v[0] * at[PM_ROW_D1] + v[1] * at[PM_ROW_D12];
    at += 2 * m->n_thresholds;
    v += m->n_thresholds;
    for (size_t k = 0; k < m->n_after; k++, at += 2)
        response += *v++ * at[1];
    for (size_t k = 0; k < m->n_sines; k++, at += PM_ROW_SINE, v += 2)
        response += v[0] * at[PM_ROW_OF_S] + v[1] * at[PM_ROW_OF_C];
    numbers[PM_OF_L_M] -= p_u * (m->u_inf * rise + (x[0] - m->u_inf) * t * row[0]);
    numbers[PM_OF_INV_C] += p_u * (constant * rise + response / m->inv_C);
    numbers[PM_OF_CONSTANT] += p_u * rise * m->inv_C;
}

void pm_membrane_course_slopes(const pm_membrane *m, double t, const double *row, bool held, const double *x,
                               const double *p, double *numbers) {
    const double p_u = held ? 0.0 : p[0];
    if (p_u != 0.0)
        membrane_slopes(m, t, row, x, p_u, numbers);
    const double *at = row + 2;
    double *to = numbers + PM_OF_PORTS;
    x++;
    p++;
    for (size_t k = 0; k < m->n_ports; k++, at += PM_ROW_PORT, x += 2, p += 2, to += PM_OF_PORT) {
        const pm_port *port = &m->ports[k];
        if (port->kind == PM_PORT_DOUBLE && (x[0] != 0.0 || x[1] != 0.0))
            double_slopes(m, port, t, x, p_u, p, numbers, to);
        else if (port->kind == PM_PORT_SINGLE && x[0] != 0.0)
            decay_slopes(m, port->l_1, t, x[0], p_u, p[0], numbers, &to[PM_OF_L_1]);
    }
    for (size_t j = 0; j < m->n_thresholds; j++, at += 2, x++, p++, to += PM_OF_DECAY)
        to[PM_OF_RATE] -= *p * *x * t * at[0];
    for (size_t k = 0; k < m->n_after; k++, at += 2, x++, p++, to += PM_OF_DECAY)
        if (*x != 0.0)
            decay_slopes(m, m->after[k].rate, t, *x, p_u, *p, numbers, &to[PM_OF_RATE]);
    for (size_t q = 0; p_u != 0.0 && q < m->n_sines; q++, at += PM_ROW_SINE, x += 2)
        sine_slopes(m, &m->sines[q], t, row, at, x, p_u, numbers);
}
