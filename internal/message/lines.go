package message

import "context"

// lines are where in a list the recipients of a draft stand, by their index: four bytes for
// each. Those that come from no list have none.
type lines []int32

// of gives the line of a recipient, 0 for one that has none.
func (l lines) of(index int64) int64 {
	if index >= int64(len(l)) {
		return 0
	}
	return int64(l[index])
}

// TakeLine is Take for a recipient that stands on a line of a list: its rejection, or what it
// is a duplicate of, names lines too.
func (d *Draft) TakeLine(ctx context.Context, line int, c Candidate) error {
	for int64(len(d.lines)) < d.receipt.Total {
		d.lines = append(d.lines, 0)
	}
	d.lines = append(d.lines, int32(line))
	return d.Take(ctx, c)
}
