package api

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commandLine are files whose sentences the command line alone prints, in English: it has no other
// language, and a process whose configuration is wrong serves nobody.
var commandLine = regexp.MustCompile(`^(cmd/|internal/server/(config|operator|demo|simulator|server\.go))`)

// sayables are sentences that are no format in the product's syntax: of each file in which a word is
// computed, what it can be. Why it cannot be written down there stands beside it.
var sayables = map[string][]string{
	"internal/message/wait.go":   {"recipients", "won", "day", "month"}, // kinds and periods of caps, which replies and rows have too
	"internal/message/review.go": {"approved", "rejected"},              // states of reviews, which replies and rows have too
}

// frameworkSays are sentences of huma that it writes where they are, besides its messages.
var frameworkSays = []string{
	"invalid integer", "invalid float", "invalid floating value", "invalid boolean", "unparsable value", "request body is required", "cannot read request body", "unknown query parameter",
	"expected at most one value, but received multiple values", "expected value to match exactly one schema but matched multiple", "write only property is non-zero",
}

// theirWords are formats of which an argument is English of somebody else's: Korean leaves it out.
var theirWords = []string{
	"this is not JSON: %s", "this is not JSON: at byte %d: %s", // of Go's reader of JSON
	"expected string to be RFC 5322 email: %v", "expected string to be RFC 3986 uri: %v", "expected string to be RFC 4122 uuid: %v",
	"expected string to be regex: %v", "expected duration: %v", // of Go's readers of these
}

// spokenText is what is left of a format without its verbs, if that says anything.
func spokenText(format string) bool {
	return regexp.MustCompile(`\pL`).MatchString(formatVerb.ReplaceAllString(format, ""))
}

// sentencesOf gives every sentence that a refusal can have, with where it stands.
func sentencesOf(t *testing.T) map[string]string {
	t.Helper()
	w, out := readWording(t), map[string]string{}
	for text, places := range w.sentences {
		places = slices.DeleteFunc(places, commandLine.MatchString)
		if spokenText(text) && len(places) > 0 {
			out[text] = places[0]
		}
	}
	for file, words := range sayables {
		for _, word := range words {
			out[word] = file
		}
	}
	for _, c := range codes {
		out[c.Title] = "a title"
	}
	out[codeOf("").Title] = "a title"
	maps.Copy(out, frameworkSentences(t))
	return out
}

// frameworkSentences are what huma can say: its messages, what it writes where it is, and what our
// schemas make of these.
func frameworkSentences(t *testing.T) map[string]string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/danielgtaylor/huma/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	root, out := strings.TrimSpace(string(dir)), map[string]string{}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "validation", "messages.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	w := &wording{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name != "MsgExpectedRequiredProperty" { // it is another here
			texts, _ := w.texts(&goFile{}, v.Values[0], nil, 0)
			for _, text := range texts {
				out[text] = "huma's " + v.Names[0].Name
			}
		}
		return true
	})
	if len(out) < 40 {
		t.Fatalf("found %d messages of huma", len(out))
	}
	var source strings.Builder
	for _, name := range []string{"huma.go", "validate.go"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	for _, text := range frameworkSays {
		if out[text] = "huma"; !strings.Contains(source.String(), `"`+text+`"`) {
			t.Errorf("huma does not say %q any more", text)
		}
	}
	for _, place := range []string{"query", "path", "header"} {
		out["required "+place+" parameter is missing"] = "huma"
	}
	if !strings.Contains(source.String(), `"required "+p.Loc+" parameter is missing"`) {
		t.Error("huma words parameters that are missing otherwise")
	}
	for _, what := range patternDescriptions(t) {
		out["expected string to be "+what] = "huma of a pattern of ours"
	}
	return out
}

// patternDescriptions are what inputs say of their patterns.
func patternDescriptions(t *testing.T) (out []string) {
	t.Helper()
	tag := regexp.MustCompile(`[pP]atternDescription: ?"([^"]+)"`)
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range tag.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasSuffix(name, "_test.go") {
				out = append(out, found[1])
			}
		}
	}
	return out
}

func TestEverySentenceOfARefusalHasKorean(t *testing.T) {
	sentences, formats := sentencesOf(t), koreanCatalogue().formats
	if len(sentences) < 800 {
		t.Fatalf("found %d sentences in the product", len(sentences))
	}
	for _, text := range slices.Sorted(maps.Keys(sentences)) {
		if formats[text] == "" {
			t.Errorf("%s says %q, which words/ko.json does not have", sentences[text], text)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(formats)) {
		if sentences[text] == "" {
			t.Errorf("words/ko.json has %q, which nothing says", text)
		}
	}
}

func TestNoSentenceOfARefusalIsComputed(t *testing.T) {
	for where, what := range readWording(t).computed {
		file, _, _ := strings.Cut(where, ":")
		if sayables[file] == nil {
			t.Errorf("%s: %s: write it as formats of package fault (New, At, Says, Say, Word), so that it can be looked up", where, what)
		}
	}
}

// argumentsOf gives the verbs of a format by the arguments that they show.
func argumentsOf(format string) map[int]string {
	out, next := map[int]string{}, 0
	for _, v := range formatVerb.FindAllStringSubmatch(format, -1) {
		if v[5] == "%" {
			continue
		}
		if v[4] != "" {
			_, _ = fmt.Sscan(v[4], &next) // the pattern wants digits
			next--
		}
		out[next] = v[1] + v[2] + v[3] + v[5]
		next++
	}
	return out
}

func TestKoreanShowsWhatEnglishShows(t *testing.T) {
	for english, korean := range koreanCatalogue().formats {
		want, got := argumentsOf(english), argumentsOf(korean)
		if slices.Contains(theirWords, english) {
			delete(want, len(want)-1)
		}
		if !maps.Equal(got, want) {
			t.Errorf("%q shows %v, and %q shows %v", english, want, korean, got)
		}
		if strings.Contains(formatVerb.ReplaceAllString(korean, ""), "%") {
			t.Errorf("%q has a sign of percent that is no verb", korean)
		}
		if slices.Contains(theirWords, english) && len(got) > 0 && !strings.Contains(korean, "[") {
			t.Errorf("%q leaves an argument out without naming the others", korean)
		}
	}
	for _, english := range theirWords {
		if koreanCatalogue().formats[english] == "" {
			t.Errorf("%q is said no more", english)
		}
	}
}

func TestTheKoreanSentencesStandInOrderAndOnce(t *testing.T) {
	read := json.NewDecoder(strings.NewReader(string(koreanWords)))
	var last string
	for n := 0; ; n++ {
		word, err := read.Token()
		if err != nil {
			t.Fatal(err)
		}
		if word == json.Delim('}') {
			return
		}
		text, is := word.(string)
		if !is || n%2 == 0 {
			continue
		}
		if text <= last {
			t.Errorf("%q stands behind %q", text, last)
		}
		last = text
	}
}

// TestAnArgumentOfAKoreanSentenceHasItsParticleEitherWay: nobody knows how an argument ends.
func TestAnArgumentOfAKoreanSentenceHasItsParticleEitherWay(t *testing.T) {
	bare := regexp.MustCompile(`%[-+# 0-9.]*(?:\[[0-9]+\])?[svqd]}?(은|는|을|를|가|과|와|으로|로|이) `)
	for english, korean := range koreanCatalogue().formats {
		if found := bare.FindString(korean); found != "" {
			t.Errorf("%q: %q has %q, whose particle goes with some arguments only", english, korean, found)
		}
	}
}
