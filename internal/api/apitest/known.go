package apitest

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Known is what a caller has learned of a site's things from replies: paths of things, ids by
// their kind, and cursors.
type Known struct {
	document *Document
	mu       sync.Mutex
	things   map[string][]string // guarded by mu; paths by the path of the document that names them, up to its last parameter
	kinds    map[string][]string // guarded by mu; ids by prefix, such as msg
	cursors  map[string][]string // guarded by mu; by operation
	ids      map[string]bool     // guarded by mu; every id ever seen
}

// NewKnown knows nothing.
func NewKnown(d *Document) *Known {
	return &Known{document: d, things: map[string][]string{}, kinds: map[string][]string{}, cursors: map[string][]string{}, ids: map[string]bool{}}
}

// mostKnown bounds what is remembered of one kind: the latest stay.
const mostKnown = 60

// ID finds ids in a text.
var ID = regexp.MustCompile(`\b[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}\b`)

// Learn takes what the reply to a request of an operation tells.
func (k *Known) Learn(op *Operation, target string, status int, body []byte) {
	if status/100 != 2 || op == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, id := range ID.FindAllString(string(body), -1) {
		kind, _, _ := strings.Cut(id, "_")
		k.ids[id] = true
		k.kinds[kind] = latest(k.kinds[kind], id)
	}
	path, _, _ := strings.Cut(target, "?")
	if op.Method == "DELETE" {
		k.things[op.Path] = slices.DeleteFunc(k.things[op.Path], func(p string) bool { return p == path })
		return
	}
	if strings.HasSuffix(op.Path, "}") {
		k.things[op.Path] = latest(k.things[op.Path], path)
	}
	var whole map[string]any
	if json.Unmarshal(body, &whole) != nil {
		return
	}
	if next, _ := whole["next_cursor"].(string); next != "" {
		k.cursors[op.ID] = latest(k.cursors[op.ID], next)
	}
	below, parameter, kind := k.document.below(op.Path)
	if below == "" {
		return
	}
	for _, row := range append(list(whole["data"]), whole) {
		text := namedBy(object(row), parameter)
		if text == "" || kind != "" && !strings.HasPrefix(text, kind) { // such as the invitation that a new person begins with
			continue
		}
		if thing := path + "/" + url.PathEscape(text); op.Method == "GET" && !slices.Contains(k.things[below], thing) && len(k.things[below]) < mostKnown {
			k.things[below] = append([]string{thing}, k.things[below]...) // what a list shows is older than what was made here
		} else {
			k.things[below] = latest(k.things[below], thing)
		}
	}
}

// below gives the path of one thing of a collection, its parameter, and how its ids begin.
func (d *Document) below(collection string) (path, parameter, kind string) {
	for _, op := range d.operations {
		rest, is := strings.CutPrefix(op.Path, collection+"/{")
		if name, last, _ := strings.Cut(rest, "}"); is && last == "" {
			return op.Path, name, op.kind(name)
		}
	}
	return "", "", ""
}

// kind is how the ids of a parameter begin, by its example; "" = it is no id.
func (op *Operation) kind(parameter string) string {
	for _, p := range op.Parameters {
		if text, _ := p.Example.(string); p.Name == parameter && ID.MatchString(text) {
			before, _, _ := strings.Cut(text, "_")
			return before + "_"
		}
	}
	return ""
}

// namedBy gives what a row calls itself.
func namedBy(row map[string]any, parameter string) string {
	for _, member := range []string{parameter, "to", "id"} {
		if text, ok := row[member].(string); ok && (member != "to" || parameter == "number") {
			return text
		}
	}
	return ""
}

func latest(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list[max(0, len(list)-mostKnown+1):], text)
}

// Owns reports whether an id was ever seen here.
func (k *Known) Owns(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ids[id]
}

// IDs are all ids that were ever seen.
func (k *Known) IDs() (all []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id := range k.ids {
		all = append(all, id)
	}
	return all
}

// Path gives the path of something that is known, for a path of the document: the latest
// where r is nil.
func (k *Known) Path(path string, r *rand.Rand) (string, bool) {
	end := strings.LastIndex(path, "}")
	if end < 0 {
		return path, true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := pick(k.things[path[:end+1]], r); ok {
		return known + path[end+1:], true
	}
	// Nothing of it is known, but perhaps what it is in.
	start := strings.LastIndex(path, "{")
	before := strings.LastIndex(path[:start], "}")
	if before < 0 {
		return path, false
	}
	known, ok := pick(k.things[path[:before+1]], r)
	if !ok {
		return path, false
	}
	return known + path[before+1:], false
}

// Kind gives an id of a kind, the latest where r is nil.
func (k *Known) Kind(kind string, r *rand.Rand) (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return pick(k.kinds[kind], r)
}

// Cursor gives a cursor that an operation gave, or another one if own is false.
func (k *Known) Cursor(operation string, own bool, r *rand.Rand) (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if own {
		return pick(k.cursors[operation], r)
	}
	var all []string
	for _, list := range k.cursors {
		all = append(all, list...)
	}
	slices.Sort(all)
	return pick(all, r)
}

func pick(list []string, r *rand.Rand) (string, bool) {
	switch {
	case len(list) == 0:
		return "", false
	case r == nil:
		return list[len(list)-1], true
	}
	return list[r.IntN(len(list))], true
}

// Filled puts known ids of the same kind in the place of those that a text has. What is not
// known stays.
func (k *Known) Filled(text string, r *rand.Rand) string {
	return ID.ReplaceAllStringFunc(text, func(id string) string {
		kind, _, _ := strings.Cut(id, "_")
		if known, ok := k.Kind(kind, r); ok {
			return known
		}
		return id
	})
}
