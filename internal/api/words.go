package api

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"creditmsg/internal/fault"
	"creditmsg/internal/message"
)

// Refusals are worded in the language that the request asks for by Accept-Language: Korean, or
// English where it asks for none or for others. Programs decide by codes, which are the same. The
// sentences are written in English where the knowledge is; this file has what they are in Korean,
// by their formats. Words of people, and what is logged, stay as they are.
//
//go:embed words/ko.json
var koreanWords []byte

// inKorean is what replies in Korean say in Content-Language.
const inKorean = "ko"

// catalogue has the sentences of a language by their English formats.
type catalogue struct {
	formats map[string]string
	shapes  []sentenceShape // what finished sentences look like, the most telling first
}

// sentenceShape finds out of which format an English sentence was made.
type sentenceShape struct {
	begins  string                // what every such sentence begins with
	telling int                   // how many of its letters are ours
	like    func() *regexp.Regexp // made when it is first needed
	english string
	format  string // in the other language
}

// koreanCatalogue is read when it is first needed. A test reads it too, so it can be read.
var koreanCatalogue = sync.OnceValue(func() *catalogue {
	c := &catalogue{}
	if err := json.Unmarshal(koreanWords, &c.formats); err != nil {
		return c // everything stays English
	}
	for english, format := range c.formats {
		if s := shapeOfSentence(english, format); s.like != nil {
			c.shapes = append(c.shapes, s)
		}
	}
	slices.SortFunc(c.shapes, func(a, b sentenceShape) int {
		return cmp.Or(cmp.Compare(b.telling, a.telling), strings.Compare(a.english, b.english))
	})
	return c
})

// formatVerb is a verb of a format: flags, width, precision, which argument, and the letter.
var formatVerb = regexp.MustCompile(`%([-+# 0]*)([0-9]*)((?:\.[0-9]+)?)(?:\[([0-9]+)\])?([a-zA-Z%])`)

// leastTelling is how many letters of ours tell a sentence from any other text.
const leastTelling = 8

// shapeOfSentence is none of a format without verbs, which is found as it stands, nor of one that
// could be anything.
func shapeOfSentence(english, format string) (s sentenceShape) {
	verbs := formatVerb.FindAllStringSubmatchIndex(english, -1)
	if len(verbs) == 0 {
		return s
	}
	var like strings.Builder
	like.WriteString(`(?s)^`)
	at := 0
	for i, v := range verbs {
		part := english[at:v[0]]
		if at = v[1]; i == 0 {
			s.begins = part
		}
		s.telling += len(part)
		like.WriteString(regexp.QuoteMeta(part))
		switch english[v[10]:v[11]] {
		case "%":
			like.WriteString("%")
		case "d":
			like.WriteString(`(-?[0-9]+)`)
		case "q":
			like.WriteString(`("(?:[^"\\]|\\.)*")`)
		default:
			like.WriteString(`(.*)`)
		}
	}
	s.telling += len(english) - at
	like.WriteString(regexp.QuoteMeta(english[at:]) + `$`)
	if s.telling < leastTelling {
		return sentenceShape{}
	}
	s.like = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(like.String()) })
	s.english, s.format = english, format
	return s
}

// lookup gives the format for an English one, or for a finished sentence one that says all of it.
func (c *catalogue) lookup(english string) (string, bool) {
	if format, ok := c.formats[english]; ok {
		return format, true
	}
	for _, s := range c.shapes {
		if !strings.HasPrefix(english, s.begins) {
			continue
		}
		if found := s.like().FindStringSubmatch(english); found != nil {
			return filledFormat(s.format, c.parts(found[1:])), true
		}
	}
	return "", false
}

// parts words the arguments of a finished sentence that are whole sentences of ours. A single word
// may be somebody's own, and stays.
func (c *catalogue) parts(args []string) []string {
	for i, text := range args {
		if told, ok := c.formats[text]; ok && strings.Contains(text, " ") {
			args[i] = told
		}
	}
	return args
}

// filledFormat puts arguments that are texts already into a format.
func filledFormat(format string, args []string) string {
	next := 0
	return formatVerb.ReplaceAllStringFunc(format, func(verb string) string {
		part := formatVerb.FindStringSubmatch(verb)
		if part[5] == "%" {
			return verb
		}
		if n, err := strconv.Atoi(part[4]); err == nil {
			next = n - 1
		}
		if next++; next > len(args) {
			return ""
		}
		return strings.ReplaceAll(args[next-1], "%", "%%")
	})
}

// sentence words a finished English sentence.
func (c *catalogue) sentence(english string) string { return fault.Finished(english).In(c.lookup) }

// asksKorean reports whether Korean is what a request would rather have than English. Other
// languages are passed over: what comes behind them is still better than what was not asked for.
func asksKorean(h http.Header) bool {
	asked := strings.Join(h.Values("Accept-Language"), ",")
	if asked == "" {
		return false
	}
	tags, _, err := language.ParseAcceptLanguage(asked)
	if err != nil {
		return false
	}
	for _, tag := range tags {
		switch base, _ := tag.Base(); base.String() {
		case "ko":
			return true
		case "en":
			return false
		}
	}
	return false
}

// words gives the catalogue of the language that the client reads; nil = English. What is worded
// differs by that, so whoever keeps replies has to know.
func (x *exchange) words() *catalogue {
	if x.request == nil {
		return nil
	}
	if x.header != nil && !slices.Contains(x.header.Values("Vary"), "Accept-Language") {
		x.header.Add("Vary", "Accept-Language")
	}
	if !asksKorean(x.request.Header) {
		return nil
	}
	return koreanCatalogue()
}

// word words the problem that exchange x is answered with.
func (c *catalogue) word(x *exchange, p *problem, f *fault.Error) {
	f = f.In(c.lookup)
	p.Title, p.Detail = c.sentence(p.Title), f.Public
	for i, at := range f.Fields {
		p.Errors[i].Detail = at.Detail
	}
	if list, ok := p.extra["rejections"].([]message.Rejection); ok {
		list = slices.Clone(list)
		for i := range list {
			list[i].Detail = c.sentence(list[i].Detail)
		}
		p.extra = maps.Clone(p.extra)
		p.extra["rejections"] = list
	}
	if x.header != nil { // of the reply itself: the framework takes no headers of a problem that it writes
		x.header.Set("Content-Language", inKorean)
	}
}

// wordsTag marks sentences of ours that replies show beside what was done, where they are declared:
// why somebody of a list was not taken. Such replies are kept in English.
const wordsTag = "words"

// worded is a reply whose rejections are worded as the client reads them.
func (x *exchange) worded(out *reply) (*reply, error) {
	if !x.shape.words || len(out.Body) == 0 {
		return out, nil
	}
	c := x.words()
	if c == nil {
		return out, nil
	}
	body, err := c.rejections(out.Body)
	if err != nil {
		return nil, fmt.Errorf("word a reply of %s: %w", x.doing, err)
	}
	given := *out
	given.Body, given.Language = body, inKorean
	return &given, nil
}

// rejections words what is said of each element of the lists in a body: its member detail. Bodies
// are ours, and everything else of them stays as it was written.
func (c *catalogue) rejections(body []byte) ([]byte, error) {
	if !json.Valid(body) {
		return nil, fmt.Errorf("the reply is no JSON")
	}
	var out bytes.Buffer
	from, known := 0, map[string][]byte{}
	r := &reading{data: body}
	r.members(func(list string) {
		if r.kind() != '[' || list != "rejections" && list != "data" {
			r.raw()
			return
		}
		r.elements(func(int) {
			r.members(func(name string) {
				text := r.raw()
				if name != "detail" || text[0] != '"' {
					return
				}
				told, ok := known[string(text)]
				if !ok {
					told, _ = marshalJSON(c.sentence(unquoted(text))) // a text can always be written
					known[string(text)] = told
				}
				out.Write(body[from : r.at-len(text)])
				out.Write(told)
				from = r.at
			})
		})
	})
	out.Write(body[from:])
	return out.Bytes(), nil
}
