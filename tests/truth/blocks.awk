# blocks.awk - tcptrace's long output, or ours: a line per value, "ports of a and b, how often these
# were seen, label = a->b b->a".  What is not available is 0, as tcptrace has it.
/^\thost [a-z]+:/ {
    n = split($3, part, ":")
    port[++hosts] = part[n]
    if (hosts % 2 == 0)
        block = port[hosts - 1] " " port[hosts] " " ++times[port[hosts - 1], port[hosts]]
    delete seen
}
/^     [A-Za-z]/ {
    colon = index($0, ":")
    label = substr($0, 6, colon - 6)
    rest = substr($0, colon + 1)
    split(rest, left, " ")
    split(substr(rest, index(rest, label ":") + length(label) + 1), right, " ")
    print block, label (seen[label]++ ? " again" : "") " = " (left[1] == "NA" ? 0 : left[1]), \
        (right[1] == "NA" ? 0 : right[1])
}
