"""Reports written as papers: figures in, documents out."""
