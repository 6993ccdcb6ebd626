"""One static page of a finished study's results, for everybody: sums over listeners, within their consent."""
