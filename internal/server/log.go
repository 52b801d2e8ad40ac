package server

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"strings"

	"creditmsg/internal/korea"
)

// NewLog makes the process's log, which writes lines of JSON or text to w. What went wrong is
// often told in the words of somebody else, a vendor or a library, who may repeat what he was
// told: in errors the secrets are masked, and in panics numbers too.
func NewLog(c LogConfig, w io.Writer, secrets ...string) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // LoadConfig lets no other word through
	}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: masking(secrets)}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

// shortestSecret is what is masked at least: shorter words would be found in others.
const shortestSecret = 6

// masking masks secrets in the words of others, however they are written in a request.
func masking(secrets []string) func([]string, slog.Attr) slog.Attr {
	var pairs []string
	for _, s := range secrets {
		if len(s) < shortestSecret {
			continue
		}
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), base64.StdEncoding.EncodeToString([]byte(s + ":")), base64.StdEncoding.EncodeToString([]byte(s))} {
			pairs = append(pairs, form, mask)
		}
	}
	masks := strings.NewReplacer(pairs...)
	return func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "error":
			text := masks.Replace(a.Value.String())
			if strings.Contains(text, " panicked: ") { // with whatever it had in its hands
				text = korea.MaskIn(text)
			}
			return slog.String(a.Key, text)
		case "panic":
			return slog.String(a.Key, korea.MaskIn(masks.Replace(a.Value.String())))
		}
		return a
	}
}

// Secrets are all of the configuration's, for what must not tell them.
func (c Config) Secrets() []string {
	var all []string
	var look func(v reflect.Value)
	look = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Slice:
			for i := range v.Len() {
				look(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				look(v.Field(i))
			}
		case reflect.String:
			switch v.Type() {
			case reflect.TypeFor[Secret]():
				all = append(all, v.String())
			case reflect.TypeFor[Address]():
				all = append(all, passwords(v.String())...)
			}
		}
	}
	look(reflect.ValueOf(c))
	return all
}

// passwords are those in an address.
func passwords(address string) (all []string) {
	u, err := url.Parse(address)
	if err != nil {
		return nil // the program does not start with it
	}
	if word, is := u.User.Password(); is {
		all = append(all, word)
	}
	for name, values := range u.Query() {
		if maskQuery(name+"=x") != name+"=x" {
			all = append(all, values...)
		}
	}
	return all
}
