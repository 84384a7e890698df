"""Mutations of a kernel's source, each a small rewrite on libclang's tree; what comes out is a new kernel."""
