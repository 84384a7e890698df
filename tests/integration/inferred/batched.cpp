void batchedMatmul(const double* a, const double* b, double* c, int batch, int n, int m) {
    for (int p = 0; p < batch; ++p)
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j) {
                double sum = 0.0;
                for (int k = 0; k < m; ++k) sum += a[(p * n + i) * m + k] * b[(p * m + k) * n + j];
                c[(p * n + i) * n + j] = sum;
            }
}
