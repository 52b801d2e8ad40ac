package test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/width"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
	"creditmsg/internal/server"
)

const lists = "../internal/sheet/testdata"

// expected is what the lists' authors counted.
type expected struct {
	Rows, Accepted, Duplicate int64
	Rejected                  map[string]int64
	Text                      string
	Channel                   map[string]int64
}

// outcome is what send --wait --json prints.
type outcome struct {
	Status     string
	Recipients struct{ Total, Accepted, Duplicate, Rejected int64 }
	Rejections []struct {
		Index, Line int
		Code        string
	}
	RejectedByCode map[string]int64 `json:"rejected_by_code"`
	Duplicates     []struct{ Index, Line int }
	Planned        map[string]int64
	Counts         map[string]int64
	ActualCost     string `json:"actual_cost"`
}

func TestAListIsSentToEveryoneOnceAndCostsWhatItsTextsDo(t *testing.T) {
	var want map[string]expected
	text, err := os.ReadFile(filepath.Join(lists, "recipients.expected.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	onEachEngine(t, func(t *testing.T, database string) {
		for name, file := range map[string]string{"utf8": "recipients.csv", "cp949": "recipients.cp949.csv"} {
			t.Run(name, func(t *testing.T) { sendList(t, database, name+"-shop", filepath.Join(lists, file), want[name]) })
		}
	})
}

func sendList(t *testing.T, database, site, file string, want expected) {
	c := configured(t, database, "http://127.0.0.1:0")
	p := start(t, c, server.Roles...)
	office := operator(t, c)
	token := tenant(t, office, site, map[string]string{"sms": "18", "lms": "45"})
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	var got outcome
	object(t, t.TempDir(), []string{"CREDITMSG_URL=" + p.URL(), "CREDITMSG_TOKEN=" + token}, &got,
		"send", "--csv", path, "--strategy", "sms_only", "--text", want.Text, "--wait", "--json")
	sms, lms := want.Channel["sms"], want.Channel["lms"]
	for what, pair := range map[string][2]any{
		"status":           {"done", got.Status},
		"recipients":       {[]int64{want.Rows, want.Accepted, want.Duplicate}, []int64{got.Recipients.Total, got.Recipients.Accepted, got.Recipients.Duplicate}},
		"rejected_by_code": {want.Rejected, got.RejectedByCode},
		"planned":          {map[string]int64{"alimtalk": 0, "sms": sms, "lms": lms, "mms": 0}, got.Planned},
		"delivered":        {want.Accepted, got.Counts["delivered"]},
		"actual_cost":      {(money.Amount(sms*18+lms*45) * money.Won).String(), got.ActualCost},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	texts := filled(t, file, want.Text, got)
	taken := map[string]string{}
	channels := map[string]int64{}
	for _, leg := range received(t, p.SimulatorURL()) {
		if _, twice := taken[leg.To]; twice || leg.Outcome != "delivered" {
			t.Errorf("a phone got it twice or not at all: %s", leg.Outcome)
		}
		taken[leg.To] = leg.Text
		channels[leg.Channel]++
	}
	if diff := cmp.Diff(texts, taken); diff != "" {
		t.Errorf("what phones got is not what the list says: %s", diff)
	}
	if diff := cmp.Diff(want.Channel, channels); diff != "" {
		t.Error(diff)
	}
	proven(t, office)
}

var (
	notDigits = regexp.MustCompile(`[^0-9]`)
	variable  = regexp.MustCompile(`#\{[^}]*\}`)
)

// filled works out, apart from the product's own reading, which text each phone should
// get: that of its row, where the row was neither rejected nor a duplicate.
func filled(t *testing.T, file, text string, got outcome) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content := strings.TrimPrefix(string(raw), "\ufeff")
	if strings.Contains(file, "cp949") {
		if content, err = korea.DecodeCP949(raw); err != nil {
			t.Fatal(err)
		}
	}
	r := csv.NewReader(strings.NewReader(content))
	r.FieldsPerRecord = -1
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header, rows := all[0], slices.DeleteFunc(all[1:], func(row []string) bool { return strings.TrimSpace(strings.Join(row, "")) == "" })
	passed := map[int]bool{}
	for _, one := range got.Rejections {
		if passed[one.Index] = true; one.Line < 2 {
			t.Errorf("the rejection of row %d names line %d", one.Index, one.Line)
		}
	}
	for _, one := range got.Duplicates {
		passed[one.Index] = true
	}
	texts := map[string]string{}
	for i, row := range rows {
		if passed[i] {
			continue
		}
		values := map[string]string{}
		for at, name := range header {
			values["#{"+strings.TrimSpace(name)+"}"] = strings.TrimSpace(row[at])
		}
		// However a mobile number is written, its last eight digits name the phone.
		digits := notDigits.ReplaceAllString(width.Narrow.String(values["#{전화번호}"]), "")
		texts["010"+digits[len(digits)-8:]] = variable.ReplaceAllStringFunc(text, func(name string) string { return values[name] })
	}
	if int64(len(texts)) != got.Recipients.Accepted {
		t.Fatalf("%d phones stand in the accepted rows, want %d", len(texts), got.Recipients.Accepted)
	}
	return texts
}
