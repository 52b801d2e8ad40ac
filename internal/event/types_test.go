package event_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/event"
)

var literal = regexp.MustCompile(`"((?:message|recipient|credit|payment|recharge|withdrawal|template|sender|series|opt_out|webhook)\.[a-z_]+)"`)

// noted are lines about entries of the audit log, whose actions are words alike.
var noted = regexp.MustCompile(`(?m)^.*(?:audit\.|Action|[nN]ote).*$`)

// Who receives events has to know which there are: a type that the program appends and the
// list does not have is one that nobody can ask for.
func TestEveryTypeThatTheProgramAppendsIsListed(t *testing.T) {
	found := 0
	others := []string{"payment.strange", "template.db", // of the operator, and a file; the others are actions of the audit log
		"message.resumed", "message.rescheduled", "series.resumed"}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join("..", "event")) ||
			strings.HasPrefix(path, filepath.Join("..", "console")) || // whose words for pages are named alike
			strings.HasSuffix(path, "noted.go") {
			return err
		}
		text, err := os.ReadFile(path)
		text = noted.ReplaceAll(text, nil)
		for _, m := range literal.FindAllSubmatch(text, -1) {
			name := string(m[1])
			if found++; !event.Known(name) && !slices.Contains(others, name) && name != "webhook.test" {
				t.Errorf("%s: %s is no type that event.Types has", path, name)
			}
		}
		return err
	})
	if err != nil || found < 30 {
		t.Errorf("got %d types, %v; want to have seen the program", found, err)
	}
}

func TestTypesAreInOrderAndSayWhatHappened(t *testing.T) {
	for i, one := range event.Types {
		if i > 0 && event.Types[i-1].Name >= one.Name || !strings.HasSuffix(one.What, ".") {
			t.Errorf("%s: it is out of order or says nothing: %q", one.Name, one.What)
		}
		if event.FamilyOf(one.Name) == event.OfOthers {
			t.Errorf("%s has no family", one.Name)
		}
	}
	if event.FamilyOf("provider.failing") != event.OfOthers || event.FamilyOf("recipient.progress") == event.FamilyOf("recipient.done") {
		t.Error("families are not told apart")
	}
}
