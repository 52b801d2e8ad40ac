package alert

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func TestWhatIsAbsentOfContactsKeepsItsValueAndNothingIsStoredInTheClear(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", Change{Emails: []string{"Owner@Shop.Example", "owner@shop.example", "Owner@shop.example"}, Mobile: ptr("010-1234-5678")})
		w.set("demo", Change{Topics: []string{"owed", "owed", "expiring"}})
		got := w.set("demo", Change{Language: ptr("en")})
		want := Contacts{Emails: []string{"Owner@shop.example", "owner@shop.example"}, Mobile: "01012345678", Topics: []Topic{Owed, Expiring}, Language: English}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			read, err := w.s.ContactsOf(tx, "demo")
			if diff := cmp.Diff(want, read); diff != "" {
				t.Error(diff)
			}
			if other, err := w.s.ContactsOf(tx, "other"); err != nil || len(other.Emails) != 0 || !slices.Equal(other.Topics, Usual) {
				t.Errorf("another site: %+v, %v", other, err)
			}
			return err
		}))
		w.low("demo")
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			var sealed []byte
			err := tx.QueryRow(`SELECT sealed FROM alert_contact WHERE site_id = 'demo'`).Scan(&sealed)
			if strings.Contains(string(sealed), "shop") || strings.Contains(string(sealed), "1234") {
				t.Errorf("stored in the clear: %q", sealed)
			}
			return err
		}))
	})
}

// TestTopicsOfOlderRowsAreRead: they stood in a column, beside what is sealed.
func TestTopicsOfOlderRowsAreRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set("demo", Change{Emails: []string{"owner@shop.example"}})
		w.must(w.d.Update(context.Background(), "test", func(tx *db.Tx) error {
			key, err := w.s.keys.Site(tx, "demo")
			if err != nil {
				return err
			}
			_, err = tx.Exec(`UPDATE alert_contact SET topics = ?, sealed = ? WHERE site_id = ?`, "owed expiring",
				key.Seal(sealedFor("demo"), []byte(`{"emails":["owner@shop.example"]}`)), "demo")
			return err
		}))
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			if read, err := w.s.ContactsOf(tx, "demo"); err != nil || !slices.Equal(read.Topics, []Topic{Owed, Expiring}) {
				t.Errorf("read %+v, %v", read, err)
			}
			return nil
		}))
		if got := w.set("demo", Change{Language: ptr("en")}); !slices.Equal(got.Topics, []Topic{Owed, Expiring}) {
			t.Errorf("kept %v", got.Topics)
		}
	})
}

func TestContactsThatCannotBeAreRefusedWithTheirPlace(t *testing.T) {
	w := newWorld(t, dbtest.Engines()[0])
	var eleven []string
	for i := range MostEmails + 1 {
		eleven = append(eleven, fmt.Sprintf("a%d@shop.example", i))
	}
	for place, ch := range map[string]Change{
		"/emails": emails(eleven...), "/emails/1": emails("a@shop.example", "a@shop"), "/mobile": {Mobile: ptr("02-123-4567")},
		"/topics/0": {Topics: []string{"weather"}}, "/language": {Language: ptr("fr")},
	} {
		err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error { _, err := w.s.SetContacts(tx, "demo", ch); return err })
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != place {
			t.Errorf("%s: got %v", place, err)
		}
	}
	bare := w.service(func(o *Options) { o.SMTP, o.Texts = SMTP{}, Texts{} })
	for place, ch := range map[string]Change{"/emails": emails("a@shop.example"), "/mobile": {Mobile: ptr("01012345678")}} {
		err := w.d.Update(context.Background(), "test", func(tx *db.Tx) error { _, err := bare.SetContacts(tx, "demo", ch); return err })
		if f := fault.Of(err); f == nil || f.Code != fault.CodeNotSupported || f.Fields[0].Pointer != place {
			t.Errorf("%s without a way to tell: got %v", place, err)
		}
	}
	w.do(func(tx *db.Tx) error { // and taking out is never refused
		_, err := bare.SetContacts(tx, "demo", Change{Emails: []string{}, Mobile: ptr("")})
		return err
	})
}

func TestTwoWhoChangeContactsAtOnceBothHaveTheirSay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ended := make(chan error, 2)
		for _, ch := range []Change{emails("a@shop.example"), {Mobile: ptr("01012345678")}} {
			go func() {
				ended <- w.d.Update(context.Background(), "test", func(tx *db.Tx) error { _, err := w.s.SetContacts(tx, "demo", ch); return err })
			}()
		}
		w.must(<-ended)
		w.must(<-ended)
		if c := w.set("demo", Change{}); len(c.Emails) != 1 || c.Mobile == "" {
			t.Errorf("got %+v", c)
		}
	})
}

func TestASiteWhoseDataWasErasedIsToldNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.do(func(tx *db.Tx) error { // ghost has contacts, and no key that opens them
		return tx.InsertMany("alert_contact", db.Col("site_id", []string{"ghost"}), db.Col("topics", []string{"low_balance"}), db.Col("lang", []string{"ko"}),
			db.Col("sealed", [][]byte{{1, 2, 3}}), db.Col("changed_at", []db.Time{tx.Now}))
	})
	w.low("ghost")
	w.drain()
	w.tells()
	if w.waiting() != 0 {
		t.Errorf("%d jobs wait", w.waiting())
	}
}
