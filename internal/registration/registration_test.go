package registration

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

const number korea.Number = "0261234567"

// pdf is the smallest of files that say they are PDFs.
var pdf = []byte("%PDF-1.7\n1 0 obj\n<<>>\nendobj\n")

type world struct {
	t    *testing.T
	d    *db.DB
	keys *site.Keys
	*Service
}

// each runs a test on every engine, at a site that asks for a number.
func each(t *testing.T, test func(w *world)) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			d := dbtest.Connect(t, dbtest.Migrated(t, engine), db.Options{})
			w := &world{t: t, d: d, keys: site.NewKeys(d, nil)}
			w.must(w.keys.Prepare(t.Context()))
			w.Service = New(w.keys, queue.New(d, queue.Options{}))
			w.update(func(tx *db.Tx) error {
				if _, err := site.Create(tx, w.keys, "shop", "shop"); err != nil {
					return err
				}
				_, err := w.Ask(tx, "shop", "02-6123-4567")
				return err
			})
			test(w)
		})
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) update(fn func(*db.Tx) error) {
	w.t.Helper()
	w.must(w.d.Update(context.Background(), "test", fn))
}

// try runs an act and gives its fault.
func (w *world) try(fn func(*db.Tx) error) error {
	return w.d.Update(context.Background(), "test", fn)
}

func (w *world) add(content []byte) (d Document) {
	w.t.Helper()
	w.update(func(tx *db.Tx) (err error) {
		d, err = w.Add(tx, "shop", number, ServiceCertificate, `C:\서류\이용증명원.pdf`, content)
		return err
	})
	return d
}

func (w *world) decide(state, reason string) site.Sender {
	w.t.Helper()
	var s site.Sender
	w.update(func(tx *db.Tx) (err error) { s, err = w.Decide(tx, "shop", number, state, reason); return err })
	return s
}

// events are the kinds of what was told, oldest first.
func (w *world) events() (kinds []string) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		list, err := event.List(tx, "shop", id.ID{}, 100)
		for _, e := range list {
			if strings.HasPrefix(e.Type, "sender.") {
				kinds = append(kinds, e.Type)
			}
			if bytes.Contains(e.Data, []byte(number)) {
				w.t.Errorf("event %s names the number: %s", e.Type, e.Data)
			}
		}
		return err
	}))
	return kinds
}

func TestANumberIsAskedForShownAndDecidedOn(t *testing.T) {
	each(t, func(w *world) {
		d := w.add(pdf)
		if d.Title != "이용증명원.pdf" || d.Media != "application/pdf" || d.Size != len(pdf) {
			w.t.Errorf("kept %+v", d)
		}
		if s := w.decide(site.Rejected, " 발급일이 오래되었습니다 "); s.State != site.Rejected || s.Reason != "발급일이 오래되었습니다" {
			w.t.Errorf("rejected: %+v", s)
		}
		newer := w.add(append([]byte("%PDF-1.7\n"), pdf...))
		w.update(func(tx *db.Tx) error { return w.Remove(tx, "shop", number, d.ID) })
		for range 2 {
			w.update(func(tx *db.Tx) error {
				s, err := w.AskAgain(tx, "shop", number)
				if s.State != site.Requested || s.Reason != "" {
					w.t.Errorf("asked again: %+v", s)
				}
				return err
			})
		}
		var approved db.Time
		w.update(func(tx *db.Tx) error {
			approved = tx.Now
			_, err := w.Decide(tx, "shop", number, site.Approved, "")
			return err
		})
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			list, err := w.List(tx, "shop", number)
			newer.KeptAt = approved
			if err != nil || len(list) != 1 || list[0] != newer {
				w.t.Errorf("the documents are %+v, %v; want %+v", list, err, newer)
			}
			media, content, err := w.Content(tx, "shop", number, newer.ID)
			if media != "application/pdf" || !bytes.HasSuffix(content, pdf) {
				w.t.Errorf("got %s, %q", media, content)
			}
			return err
		}))
		if got, want := fmt.Sprint(w.events()), "[sender.requested sender.rejected sender.requested sender.approved]"; got != want {
			w.t.Errorf("told %s, want %s", got, want)
		}
	})
}

func TestWhatANumberWasApprovedByDoesNotChange(t *testing.T) {
	each(t, func(w *world) {
		d := w.add(pdf)
		w.decide(site.Approved, "")
		for name, act := range map[string]func(*db.Tx) error{
			"add":       func(tx *db.Tx) error { _, err := w.Add(tx, "shop", number, OtherDocument, "", pdf); return err },
			"remove":    func(tx *db.Tx) error { return w.Remove(tx, "shop", number, d.ID) },
			"ask again": func(tx *db.Tx) error { _, err := w.AskAgain(tx, "shop", number); return err },
		} {
			if err := w.try(act); !fault.Is(err, fault.Conflict) {
				w.t.Errorf("%s: %v, want a conflict", name, err)
			}
		}
		w.decide(site.Rejected, "양도됨")
		if err := w.try(func(tx *db.Tx) error { return w.Remove(tx, "shop", number, d.ID) }); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("remove it once the number is rejected: %v, want a conflict", err)
		}
	})
}

// left checks that of the documents of a number exactly those that are kept are there.
func (w *world) left(kept ...Document) {
	w.t.Helper()
	w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
		list, err := w.List(tx, "shop", number)
		if len(list) != len(kept) {
			w.t.Errorf("%d documents are left, want %d: %+v", len(list), len(kept), list)
			return err
		}
		for i, d := range list {
			if d.ID != kept[i].ID || d.KeptAt == 0 || d.AddedAt != kept[i].AddedAt {
				w.t.Errorf("left is %+v, want %+v and since when it stays", d, kept[i])
			}
			if _, content, err := w.Content(tx, "shop", number, d.ID); err != nil || !bytes.Equal(content, pdf) {
				w.t.Errorf("its content is %q, %v", content, err)
			}
		}
		numbers, err := w.Numbers(tx, "shop")
		if len(numbers) > 1 || len(numbers) == 1 != (len(kept) > 0) {
			w.t.Errorf("documents are there of %v", numbers)
		}
		return err
	}))
}

func (w *world) withdraw() {
	w.t.Helper()
	w.update(func(tx *db.Tx) error { return w.Withdraw(tx, "shop", number) })
}

func TestWhatANumberWasDecidedOnByStaysWhenItGoes(t *testing.T) {
	each(t, func(w *world) {
		ask := func() { w.update(func(tx *db.Tx) error { _, err := w.Ask(tx, "shop", string(number)); return err }) }
		w.add(pdf)
		w.decide(site.Rejected, "흐림")
		w.withdraw()
		w.left()

		ask()
		first := w.add(pdf)
		w.decide(site.Approved, "")
		w.decide(site.Rejected, "해지됨")
		w.add(pdf) // after it was approved, so nothing was decided by it
		w.withdraw()
		w.left(first)

		ask() // as many as ever can be added anew
		second := w.add(pdf)
		for range MostDocuments - 1 {
			d := w.add(pdf)
			w.update(func(tx *db.Tx) error { return w.Remove(tx, "shop", number, d.ID) })
		}
		w.decide(site.Blocked, "신고됨")
		w.update(func(tx *db.Tx) error { return w.Forget(tx, "shop", number) })
		w.left(first, second)
	})
}

// TestWhatWasDecidedBeforeItWasNotedStaysToo has a document as it was kept before.
func TestWhatWasDecidedBeforeItWasNotedStaysToo(t *testing.T) {
	each(t, func(w *world) {
		d := w.add(pdf)
		w.decide(site.Approved, "")
		w.update(func(tx *db.Tx) error { _, err := tx.Exec(`UPDATE registration_document SET kept_at = 0`); return err })
		w.decide(site.Rejected, "해지됨")
		w.withdraw()
		w.left(d)
	})
}

func TestASiteDoesNotClearABlockByRemovingItsNumber(t *testing.T) {
	each(t, func(w *world) {
		w.decide(site.Blocked, "신고됨")
		withdraw := func(tx *db.Tx) error { return w.Withdraw(tx, "shop", number) }
		if err := w.try(withdraw); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("withdraw it: %v, want a conflict", err)
		}
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			s, err := site.FindSender(tx, "shop", number)
			if s.State != site.Blocked || s.Reason != "신고됨" {
				w.t.Errorf("it is %+v", s)
			}
			return err
		}))
		w.decide(site.Approved, "")
		w.withdraw()
		if err := w.try(withdraw); !fault.Is(err, fault.NotFound) {
			w.t.Errorf("withdraw it again: %v, want not found", err)
		}
	})
}

func TestWhatIsNoDocumentIsRefused(t *testing.T) {
	each(t, func(w *world) {
		for name, c := range map[string]struct {
			kind    DocumentKind
			content []byte
			want    fault.Kind
		}{
			"a kind that is none":      {"passport", pdf, fault.Invalid},
			"nothing":                  {OtherDocument, nil, fault.Invalid},
			"a page that calls itself": {OtherDocument, []byte("<html><body>이용증명원.pdf</body></html>"), fault.Unsupported},
			"a program":                {OtherDocument, []byte("MZ\x90\x00"), fault.Unsupported},
			"too much":                 {OtherDocument, append(pdf, make([]byte, MostDocumentSize)...), fault.TooLarge},
		} {
			err := w.try(func(tx *db.Tx) error { _, err := w.Add(tx, "shop", number, c.kind, "x", c.content); return err })
			if !fault.Is(err, c.want) {
				w.t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		for range MostDocuments {
			w.add(pdf)
		}
		if err := w.try(func(tx *db.Tx) error { _, err := w.Add(tx, "shop", number, OtherDocument, "", pdf); return err }); !fault.Is(err, fault.Conflict) {
			w.t.Errorf("one too many: %v, want a conflict", err)
		}
		if err := w.try(func(tx *db.Tx) error { _, err := w.Add(tx, "shop", "0270000000", OtherDocument, "", pdf); return err }); !fault.Is(err, fault.NotFound) {
			w.t.Errorf("of a number that the site does not have: %v, want not found", err)
		}
	})
}

// TestADocumentIsSealed looks for its words in the database.
func TestADocumentIsSealed(t *testing.T) {
	each(t, func(w *world) {
		w.add(append(pdf, []byte("주민등록번호")...))
		w.must(w.d.View(context.Background(), "test", func(tx *db.Tx) error {
			var title, body []byte
			err := tx.QueryRow(`SELECT title, body FROM registration_document WHERE site_id = ?`, "shop").Scan(&title, &body)
			if bytes.Contains(title, []byte("증명원")) || bytes.Contains(body, []byte("주민등록번호")) || bytes.Contains(body, []byte("%PDF")) {
				w.t.Error("its words stand in the database")
			}
			return err
		}))
	})
}
