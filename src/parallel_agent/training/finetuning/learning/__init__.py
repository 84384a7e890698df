"""What imports torch, transformers, peft, trl and datasets: tokens, training, merging."""
