package paper

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/site"
)

// sender is a site that can send, beside the world's own.
type sender struct {
	*world
	messages *message.Service
}

func newSender(t testing.TB, d *db.DB) *sender {
	s := &sender{world: newWorld(t, d)}
	var err error
	s.messages, err = message.NewService(d, s.keys, s.ledger, s.queue, message.Options{})
	s.must(err)
	s.site("shop")
	s.do(func(tx *db.Tx) error {
		if _, err := site.AddSender(tx, "shop", "0261234567", site.Approved); err != nil {
			return err
		}
		_, err := s.ledger.Add(tx, credit.TopUp{Site: "shop", Kind: credit.Bonus, Amount: 1000 * won})
		return err
	})
	return s
}

// accept sends an advertisement to two people, of whom one consented to the night, and one
// who did not consent at all.
func (s *sender) accept() message.Key {
	s.t.Helper()
	ctx := context.Background()
	d, err := s.messages.Draft(ctx, "shop", message.Request{Strategy: message.SMSOnly, By: "tok_1", Night: message.NightRefuse, ScheduledAt: noon,
		Text: &message.TextRequest{Body: "#{이름}님 세일", Advertising: true, OptOut: "080-123-4567"}})
	s.must(err)
	for _, c := range []message.Candidate{
		{To: "01012345678", ConsentAt: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), NightConsent: true}, {To: "01012345679", ConsentAt: time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)}, {To: "01012345670"},
	} {
		c.Variables = map[string]string{"이름": "<김>"}
		s.must(d.Take(ctx, c))
	}
	receipt, err := d.Accept(ctx, nil)
	s.must(err)
	return receipt.Message
}

// noon is tomorrow's in Korea, when advertising may go.
var noon = func() time.Time {
	now := time.Now().In(korea.Seoul)
	return time.Date(now.Year(), now.Month(), now.Day()+1, 12, 0, 0, 0, korea.Seoul)
}()

func (s *sender) record(of message.Key, to korea.Number) (c *Compliance, text []byte) {
	s.t.Helper()
	s.must(s.d.Snapshot(s.t.Context(), "test", func(tx *db.Tx) (err error) {
		c, err = s.papers.Compliance(tx, s.messages, of, to)
		return err
	}))
	text, err := c.JSON()
	s.must(err)
	return c, text
}

func proven(t testing.TB, text []byte, keys ...string) CheckedCompliance {
	t.Helper()
	c, err := VerifyCompliance(bytes.NewReader(text), keys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARecordSaysHowAnAdvertisementWasChecked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSender(t, d)
		s.do(func(tx *db.Tx) error {
			if _, err := site.AddWords(tx, "", []string{"카지노"}); err != nil {
				return err
			}
			_, err := optout.New(s.keys).Add(tx, "shop", optout.ByAPI, []optout.Wish{{To: "01099998888", Scope: optout.All}})
			return err
		})
		key := s.accept()
		c, text := s.record(key, "01012345678")
		got := proven(t, text, s.publicKey())
		if !got.OK || !got.Trusted || got.Final || got.Site != "shop" || got.Message != key.ID.Text(id.Message) {
			t.Errorf("proven: %+v", got)
		}
		first, second := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)
		want := &Compliance{
			Form: "creditmsg compliance 1", Site: "shop", Message: key.ID.Text(id.Message), Status: "scheduled", Strategy: "sms_only", SentBy: "tok_1",
			Rules:      &Rules{Version: message.RulesVersion, Checks: message.Checks},
			Recipients: Recipients{3, 2, 0, 1, map[string]int64{"no_consent": 1}},
			Text:       &SentText{From: "0261234567", FromState: "approved", Body: "(광고)#{이름}님 세일\n무료수신거부 0801234567"},
			Advertising: &Advertising{Mark: "(광고)", MarkAdded: true, OptOutNumber: "0801234567", OptOutAdded: true,
				Consents: Consents{"", 2, &first, &second, 1}, Night: Night{"20:50–08:00", "refuse"}},
			OptOuts:      &message.OptOuts{All: 1},
			BlockedWords: &BlockedWords{Installation: digest(site.DigestWords([]string{"카지노"}))},
			Outcomes:     []Outcome{}, To: "01012345678",
			People: []Person{{Status: "pending", ConsentAt: &first, NightConsent: true, HandOvers: []HandOver{},
				Shows: []Shows{{Channel: "sms", Text: "(광고)<김>님 세일\n무료수신거부 0801234567"}}}},
		}
		rest := cmpopts.IgnoreFields(Compliance{}, "MadeAt", "AcceptedAt", "ScheduledAt", "Rules.ReadAt", "Text.RegisteredSince", "OptOuts.Digest", "Keys", "KeyID", "Signature")
		if diff := cmp.Diff(want, c, rest); diff != "" {
			t.Errorf("the record differs (-want +got):\n%s", diff)
		}
		if c.Rules.ReadAt.IsZero() || c.AcceptedAt.IsZero() || !c.ScheduledAt.Equal(noon) || c.Text.RegisteredSince == nil || len(c.OptOuts.Digest) != 64 {
			t.Errorf("times or digests are missing: %s", text)
		}
		if bare, plain := s.record(key, ""); bare.People != nil || bytes.Contains(plain, []byte("01012345678")) || !proven(t, plain).OK {
			t.Errorf("without a number: %s", plain)
		}
	})
}

func TestARecordSaysWhatElseAMessageWentBy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := newSender(t, d)
		steps := message.PolicySteps{{Send: message.PartText}}
		above := int64(1)
		s.do(func(tx *db.Tx) error {
			if _, err := site.SetRules(tx, "shop", site.RulesChange{ReviewAbove: &above}); err != nil {
				return err
			}
			_, err := message.SetPolicy(tx, "shop", "texts", steps)
			return err
		})
		tempo := message.Tempo{Window: &message.Hours{From: "09:00", Until: "18:00"}, PerMinute: 60}
		draft, err := s.messages.Draft(t.Context(), "shop", message.Request{Strategy: message.ByPolicy, Policy: "texts", By: "tok_1", Tempo: tempo, Text: &message.TextRequest{Body: "안내"}})
		s.must(err)
		for _, to := range []string{"01012345678", "01012345679"} {
			s.must(draft.Add(t.Context(), to, nil))
		}
		receipt, err := draft.Accept(t.Context(), nil)
		s.must(err)
		s.do(func(tx *db.Tx) error { return message.RemovePolicy(tx, "shop", "texts") })
		_, err = s.messages.Reject(t.Context(), receipt.Message, "tok_2", "오타")
		s.must(err)
		c, text := s.record(receipt.Message, "")
		if c.Review == nil || c.Review.State != "rejected" || c.Review.AskedBy != "tok_1" || c.Review.DecidedBy != "tok_2" || c.Review.DecidedAt == nil || c.Review.Reason != "오타" {
			t.Errorf("the review is told as %+v", c.Review)
		}
		if diff := cmp.Diff(&message.Policied{Name: "texts", Steps: steps}, c.Policy); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(&tempo, c.Tempo); diff != "" {
			t.Error(diff)
		}
		if !proven(t, text).OK {
			t.Error("it does not hold")
		}
	})
}

func TestARecordOfNobodyIsNotFound(t *testing.T) {
	s := newSender(t, dbtest.Open(t, "sqlite"))
	key := s.accept()
	for what, c := range map[string]struct {
		key message.Key
		to  korea.Number
	}{
		"another message":    {message.Key{Site: "shop", ID: id.New()}, ""},
		"another site":       {message.Key{Site: "other", ID: key.ID}, ""},
		"a stranger":         {key, "01000000000"},
		"somebody rejected":  {key, "01012345670"},
		"no number of a man": {key, "0212345678"},
	} {
		err := s.d.Snapshot(t.Context(), "test", func(tx *db.Tx) error {
			_, err := s.papers.Compliance(tx, s.messages, c.key, c.to)
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAChangedRecordIsNotProven(t *testing.T) {
	s := newSender(t, dbtest.Open(t, "sqlite"))
	_, text := s.record(s.accept(), "01012345678")
	for at := range text {
		for _, bit := range []byte{1 << (at % 8), 0x20} {
			changed := bytes.Clone(text)
			changed[at] ^= bit
			if proven(t, changed).OK && !sameJSON(text, changed) {
				t.Fatalf("byte %d was changed unseen: %q", at, changed[max(at-20, 0):min(at+20, len(changed))])
			}
		}
	}
	other := newSender(t, dbtest.Open(t, "sqlite"))
	for what, c := range map[string]struct {
		text  string
		keys  []string
		wrong string
	}{
		"another key":      {string(text), []string{other.publicKey()}, "none of those that you trust"},
		"a statement":      {strings.Replace(string(text), complianceForm, statementForm, 1), nil, "of a form"},
		"other spelling":   {strings.Replace(string(text), `{"form"`, `{"x":1,"form"`, 1), nil, "not written as"},
		"nothing":          {"", nil, "cannot be read"},
		"a key of its own": {strings.Replace(string(text), `"key_id":"`, `"key_id":"0`, 1), nil, "not the one of that id"},
	} {
		if got := proven(t, []byte(c.text), c.keys...); got.OK || !strings.Contains(got.Wrong, c.wrong) {
			t.Errorf("%s: %+v, want it to say %q", what, got, c.wrong)
		}
	}
	if _, err := VerifyCompliance(bytes.NewReader(text), []string{"x"}); err == nil {
		t.Error("x is taken for a public key")
	}
	spaced := &bytes.Buffer{}
	s.must(json.Indent(spaced, text, "", "  "))
	if !proven(t, spaced.Bytes(), other.publicKey(), s.publicKey()).Trusted {
		t.Error("a record with spaces is not proven by one key of two")
	}
}

// The names of checks are what sites read; a new one, or another order, is another version.
func TestTheVersionNamesTheseChecks(t *testing.T) {
	want := []string{"invalid_number", "duplicate", "opted_out", "missing_variable", "unsupported_character", "text_too_long", "over_max_channel", "blocked_word", "no_consent", "duplicate_recently"}
	if message.RulesVersion != "kr-2026-1" || !slices.Equal(message.Checks, want) {
		t.Errorf("version %s checks %v", message.RulesVersion, message.Checks)
	}
}

func FuzzVerifyCompliance(f *testing.F) {
	f.Add(past(f, "compliance.json"))
	f.Add([]byte(`{"form":"creditmsg compliance 1","keys":null}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := proven(t, text)
		if c.OK != (c.Wrong == "") {
			t.Fatalf("%+v says both", c)
		}
	})
}

func TestARecordOfThePastIsStillProven(t *testing.T) {
	c := proven(t, past(t, "compliance.json"), strings.TrimSpace(string(past(t, "compliance_key.txt"))))
	if !c.OK || !c.Trusted || c.Final || c.Site != "shop" {
		t.Errorf("%+v", c)
	}
}

func TestARecordNamesThePicturesOfAnMMS(t *testing.T) {
	var c Compliance
	picture := id.New()
	c.freeze(&message.Content{Text: &message.Text{From: "0261234567", Body: "보기", Attachments: []string{picture.String()}}})
	if got := c.Text.Pictures; len(got) != 1 || got[0] != picture.Text(id.Attachment) || c.Rules != nil {
		t.Errorf("the record names %v, of the rules %+v", got, c.Rules)
	}
}
