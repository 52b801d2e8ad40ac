package server

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"creditmsg/internal/fault"
)

const envPrefix = "CREDITMSG_"

// lists are the variables that hold a whole list as YAML or JSON, with what each replaces.
var lists = map[string]func(*Config) any{
	envPrefix + "PROVIDERS":         func(c *Config) any { c.Providers = nil; return &c.Providers },
	envPrefix + "PAYMENTS_GATEWAYS": func(c *Config) any { c.Payments.Gateways = nil; return &c.Payments.Gateways },
	envPrefix + "PAYMENTS_BONUS":    func(c *Config) any { c.Payments.Bonus = nil; return &c.Payments.Bonus },
}

// environment lets the variables of env win over what c holds.
func (l *loading) environment(environ []string, c *Config) {
	vars := env.ToMap(environ)
	keys := variables()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		path, known := keys[name]
		switch {
		case vars[name] == "" && known:
		case known:
			l.places[path] = name
			l.variable(name, path, vars[name], c)
		case strings.HasPrefix(name, envPrefix) && !foreign(name):
			l.wrong = append(l.wrong, fault.Place(name, fault.CodeValidation, "unknown variable%s", suggestVariable(name, keys)))
		}
	}
}

// variable sets the value of one key. One at a time, so that a complaint names the
// variable; the library names the field of the struct.
func (l *loading) variable(name, path, value string, c *Config) {
	if of, is := lists[name]; is {
		l.yaml(name, path, []byte(value), of(c))
		return
	}
	o := env.Options{Prefix: envPrefix, Environment: map[string]string{name: value}}
	if err := env.ParseWithOptions(c, o); err != nil {
		l.bad(path, "%s is wanted", wanted(typeAt(reflect.TypeFor[Config](), path)))
	}
}

// variables maps the name of every variable to the path of its key.
func variables() map[string]string {
	all := map[string]string{}
	for _, path := range paths(reflect.TypeFor[Config](), "") {
		if t := typeAt(reflect.TypeFor[Config](), path); t != nil && t.Kind() != reflect.Struct {
			all[envPrefix+strings.ToUpper(strings.ReplaceAll(path, ".", "_"))] = path
		}
	}
	return all
}

// typeAt gives the type of a key that stands in no list; nil for the others.
func typeAt(t reflect.Type, path string) reflect.Type {
	for key := range strings.SplitSeq(path, ".") {
		if t.Kind() != reflect.Struct {
			return nil
		}
		t, _ = fieldType(t, key)
		if t == nil {
			return nil
		}
	}
	return t
}

// foreign says which variables with our prefix are not the server's: the command
// line's own, the tests', and those that Kubernetes sets in every container beside a
// service of the name creditmsg.
func foreign(name string) bool {
	switch name {
	case envPrefix + "URL", envPrefix + "TOKEN", envPrefix + "PORT":
		return true
	}
	for _, other := range []string{"TEST_", "PORT_", "SERVICE_"} {
		if strings.HasPrefix(name, envPrefix+other) {
			return true
		}
	}
	return false
}

func suggestVariable(name string, keys map[string]string) string {
	if best, ok := nearest(name, slices.Sorted(maps.Keys(keys))); ok {
		return "; did you mean " + best + "?"
	}
	for of := range lists {
		if strings.HasPrefix(name, of) {
			return "; this list is set as a whole, by " + of + " as YAML or JSON, or in the file"
		}
	}
	return "; it belongs to no key of the configuration"
}

// fromEnv reports whether the value at path was set by a variable.
func (l *loading) fromEnv(path string) bool { return strings.HasPrefix(l.places[path], envPrefix) }
