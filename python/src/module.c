/* The extension module: the library and the bridge in one object of CPython's stable interface. Its functions are
 * called by their declarations in punctum/_declarations.py, which are made from the headers; layout.c, made with
 * them, holds the proof that the compiler lays out the structures in the same way. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x03090000
#include <Python.h>

#include <punctum/punctum.h>

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "punctum._core",
    .m_doc = "The C library of punctum; punctum._c calls its functions.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit__core(void);

PyMODINIT_FUNC PyInit__core(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddStringConstant(module, "version", PM_VERSION) < 0) {
        Py_DECREF(module);
        return NULL;
    }
    return module;
}
