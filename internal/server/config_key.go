package server

import (
	"reflect"
	"slices"
	"strings"
)

// join puts a key below a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// parent is the path around a path: providers[0].url -> providers[0] -> providers.
func parent(path string) string {
	return path[:max(0, strings.LastIndexAny(path, ".["))]
}

// yamlName is the key of a field in the file.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return name
}

// fieldNamed finds a field by its key. The key exists: a test holds that every _file
// has its secret beside it.
func fieldNamed(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if yamlName(v.Type().Field(i)) == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func fieldType(t reflect.Type, key string) (reflect.Type, bool) {
	for f := range t.Fields() {
		if yamlName(f) == key {
			return f.Type, true
		}
	}
	return nil, false
}

// keysOf lists the keys of a struct.
func keysOf(t reflect.Type) []string {
	var keys []string
	for f := range t.Fields() {
		keys = append(keys, yamlName(f))
	}
	return keys
}

// paths lists every key of the configuration; those in lists have the form providers[].url.
func paths(t reflect.Type, at string) []string {
	switch t.Kind() {
	case reflect.Slice:
		return paths(t.Elem(), at+"[]")
	case reflect.Struct:
		var all []string
		for f := range t.Fields() {
			path := join(at, yamlName(f))
			all = append(all, path)
			all = append(all, paths(f.Type, path)...)
		}
		return all
	default:
		return nil
	}
}

// suggestKey ends a complaint about an unknown key: the nearest key of the same block,
// else one of another block by the same name, else what the block knows.
func suggestKey(path, key string) string {
	all := paths(reflect.TypeFor[Config](), "")
	block := generic(path)
	siblings := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return parent(p) != block })
	if best, ok := nearest(join(block, key), siblings); ok {
		return "; did you mean " + best + "?"
	}
	last := func(p string) string { return p[strings.LastIndex(p, ".")+1:] }
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = last(p)
	}
	if best, ok := nearest(key, names); ok {
		return "; did you mean " + all[slices.Index(names, best)] + "?"
	}
	for i, p := range siblings {
		siblings[i] = last(p)
	}
	return "; known here: " + strings.Join(siblings, ", ")
}

// generic takes the numbers out of a path: providers[3].webhook -> providers[].webhook.
func generic(path string) string {
	var b strings.Builder
	for _, r := range path {
		if r < '0' || r > '9' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// nearest finds the name that the fewest typing mistakes turn into text, if they are few.
func nearest(text string, names []string) (string, bool) {
	tail := text[strings.LastIndexAny(text, "._")+1:]
	best, least := "", min(3, 1+len(tail)/4)+1
	for _, n := range names {
		if d := distance(strings.ToLower(text), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best, best != ""
}

// distance counts the letters to insert, delete, change or swap with their neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
