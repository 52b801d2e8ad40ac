package kakao

import (
	"errors"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// claimOf is a claim of a site.
func claimOf(siteID, account, token string) Claim {
	return Claim{Site: siteID, Name: "@flowers", Account: account, Manager: "010-4321-8765", Category: "00300010001", Token: token}
}

func TestAChannelIsRegisteredByTheNumberThatItsManagerGot(t *testing.T) {
	for _, name := range keepers {
		each(t, func(w *world) {
			claim := claimOf("shop", name, "")
			if _, err := w.s.Register(t.Context(), claimOf("shop", name, "123456")); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s, before a number was asked for: got %v", name, err)
			}
			list, err := w.s.Categories(t.Context(), "shop", name)
			if err != nil || len(list) == 0 {
				t.Fatalf("%s: categories: got %v, %v", name, list, err)
			}
			at, err := w.s.RequestToken(t.Context(), claim)
			if err != nil || at.State != ChannelAsked || at.ChannelID != "" {
				t.Fatalf("%s: ask for a number: got %+v, %v", name, at, err)
			}
			if _, err := w.s.RequestToken(t.Context(), claim); !fault.Is(err, fault.TooMany) {
				t.Errorf("%s, once more at once: got %v", name, err)
			}
			w.forward(tokenEvery)
			if _, err := w.s.RequestToken(t.Context(), claim); err != nil {
				t.Errorf("%s, once more later: got %v", name, err)
			}
			for _, token := range []string{"000000", ""} {
				if _, err := w.s.Register(t.Context(), claimOf("shop", name, token)); !fault.Is(err, fault.Invalid) {
					t.Errorf("%s, with the number %q: got %v", name, token, err)
				}
			}
			at, err = w.s.Register(t.Context(), claimOf("shop", name, "123456"))
			if err != nil || at.State != ChannelRegistered || at.ChannelID == "" {
				t.Fatalf("%s: register: got %+v, %v", name, at, err)
			}
			w.view(func(tx *db.Tx) error {
				c, err := site.FindChannel(tx, "shop", "@flowers")
				if err != nil || c.Providers[name] != at.ChannelID {
					t.Errorf("%s: the site has %+v, %v", name, c, err)
				}
				r, err := w.s.channelAt(tx, tx.Lookup, "shop", "@flowers", name)
				if r.manager != "" {
					t.Errorf("%s: the manager's number is still kept", name)
				}
				return err
			})
			if again, err := w.s.Register(t.Context(), claimOf("shop", name, "999999")); err != nil || again != at {
				t.Errorf("%s, registered again: got %+v, %v", name, again, err)
			}
			if _, err := w.s.RequestToken(t.Context(), claim); !fault.Is(err, fault.Conflict) {
				t.Errorf("%s, another number: got %v", name, err)
			}
			w.template("A", func(t *tpl) { t.Channel = "@flowers" })
			w.submit("A", name)
			if at := w.at("A", name); at.TemplateID == "" || at.Problem != "" {
				t.Errorf("%s: a template of the channel: got %+v", name, at)
			}
		})
	}
}

// TestALostAnswerRegistersNoChannelOfSomebodyElse breaks the registration in every way. What the
// vendor lists afterwards counts only where it was not listed before: all sites share it.
func TestALostAnswerRegistersNoChannelOfSomebodyElse(t *testing.T) {
	for _, how := range []string{cutBefore, cutAfter, lostBefore, lostAfter} {
		each(t, func(w *world) {
			ask := func(siteID string) {
				w.Helper()
				_, err := w.s.RequestToken(t.Context(), claimOf(siteID, "solapi", ""))
				w.must(err)
			}
			ask("shop")
			w.line.breakNext(how)
			at, err := w.s.Register(t.Context(), claimOf("shop", "solapi", "123456"))
			reached := how == cutAfter || how == lostAfter
			if reached && (err != nil || at.State != ChannelRegistered) || !reached && !fault.Is(err, fault.Upstream) {
				t.Errorf("%s: got %+v, %v", how, at, err)
			}
			if !reached {
				if at, err = w.s.Register(t.Context(), claimOf("shop", "solapi", "123456")); err != nil || at.State != ChannelRegistered {
					t.Errorf("%s, again: got %+v, %v", how, at, err)
				}
			}
			ask("other")
			w.line.breakNext(how)
			if at, err := w.s.Register(t.Context(), claimOf("other", "solapi", "123456")); err == nil {
				t.Errorf("%s, another site: got %+v, want nothing", how, at)
			}
			w.view(func(tx *db.Tx) error {
				all, err := ChannelsAt(tx, "other", "@flowers")
				if got := all[site.ChannelDigest("@flowers")]; len(got) != 1 || got[0].State != ChannelAsked {
					t.Errorf("%s: the other site has %+v", how, got)
				}
				return err
			})
		})
	}
}

func TestAClaimThatCannotBeIsRefusedAtItsPlace(t *testing.T) {
	each(t, func(w *world) {
		w.mine["other"] = []string{"nhncloud"}
		for place, change := range map[string]func(*Claim){
			"/name": func(c *Claim) { c.Name = "flowers" }, "/manager_phone": func(c *Claim) { c.Manager = "02-123-4567" }, "/category": func(c *Claim) { c.Category = "" },
			"/provider": func(c *Claim) { c.Account = "sens" }, "/provider ": func(c *Claim) { c.Account = "nobody" }, "/provider  ": func(c *Claim) { c.Site = "other" },
		} {
			c := claimOf("shop", "solapi", "")
			change(&c)
			_, err := w.s.RequestToken(t.Context(), c)
			f, _ := errors.AsType[*fault.Error](err)
			if f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != strings.TrimSpace(place) {
				t.Errorf("%s: got %v", place, err)
			}
		}
		c := claimOf("nobody", "solapi", "")
		if _, err := w.s.RequestToken(t.Context(), c); !fault.Is(err, fault.NotFound) {
			t.Errorf("a site that there is not: got %v", err)
		}
		if got := w.line.acts(); len(got) != 0 {
			t.Errorf("requests were made: %v", got)
		}
	})
}
