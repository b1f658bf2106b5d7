"""The customers' portal: hand a matter in, follow it, answer and sign; phone first, and without scripts too."""
