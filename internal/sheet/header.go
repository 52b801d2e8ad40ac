package sheet

import (
	"slices"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/korea"
)

// numberColumns are the names by which the column with the numbers is known. Where
// a file has several of them, the leftmost wins and the others are variables.
var numberColumns = []string{"전화번호", "휴대폰", "휴대전화", "핸드폰", "연락처", "phone", "mobile", "tel", "to"}

// header says which cell of a row is what.
type header struct {
	width  int      // cells that a row may have
	to     int      // the cell with the number; -1 = there is none
	number string   // the name of its column
	all    []string // the names of all columns that have one
	names  []string // the other columns that have a name
	at     []int    // their cells
}

// readHeader reads the names on the header line.
func readHeader(line int, cells []string, o Options) (header, error) {
	h := header{width: len(cells), to: -1}
	first := make(map[string]int, len(cells))
	for i, name := range cells {
		// Variables are matched by name, so names written on a Mac are composed too.
		cells[i] = korea.Normalise(name)
		if other, ok := first[cells[i]]; ok && cells[i] != "" {
			return h, fault.New(fault.Invalid, fault.CodeValidation,
				"the columns %d and %d are both named %q: give each column its own name", other+1, i+1, cells[i]).
				At(pointer(line), "two columns are named %q", cells[i])
		}
		first[cells[i]] = i
	}
	if !o.Table {
		var err error
		if h.to, err = numberColumn(line, cells, o); err != nil {
			return h, err
		}
		h.number = cells[h.to]
	}
	for i, name := range cells {
		if name != "" {
			h.all = append(h.all, name)
		}
		if i != h.to && name != "" {
			h.names = append(h.names, name)
			h.at = append(h.at, i)
		}
	}
	return h, nil
}

// numberColumn finds the column with the numbers.
func numberColumn(line int, cells []string, o Options) (int, error) {
	wanted := slices.Concat(numberColumns, o.Also)
	column := korea.Normalise(strings.TrimSpace(o.Column))
	if column != "" {
		wanted = []string{column}
		for i, name := range cells {
			if name == column {
				return i, nil
			}
		}
	}
	for i, name := range cells {
		for _, want := range wanted {
			if strings.EqualFold(name, want) {
				return i, nil
			}
		}
	}
	said := fault.Say("no column is named like one that holds phone numbers (%s)", strings.Join(slices.Concat(numberColumns, o.Also), ", "))
	if column != "" {
		said = fault.Say("there is no column %q", column)
	}
	return 0, fault.New(fault.Invalid, fault.CodeNoPhoneColumn, "%s; the first line names: %s", said, list(cells)).
		At(pointer(line), "no column for the numbers")
}

// listAtMost is how many columns an error lists.
const listAtMost = 20

// list names columns for a person. A file without a header has data there, so
// what reads like a number is masked.
func list(cells []string) *fault.Phrase {
	var out []string
	for _, name := range cells {
		if len(out) == listAtMost {
			return fault.Say("%s, and %d more", strings.Join(out, ", "), len(cells)-listAtMost)
		}
		if _, err := korea.ParseSender(name); err == nil {
			name = korea.Mask(name)
		}
		out = append(out, korea.Cut(name, korea.SubjectBytes))
	}
	return fault.Say("%s", strings.Join(out, ", "))
}
