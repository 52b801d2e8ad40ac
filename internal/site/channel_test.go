package site

import (
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
)

func TestAChannelIsAddedFoundChangedAndRemoved(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo", "other")
		var added Channel
		update(t, d, func(tx *db.Tx) (err error) {
			added, err = AddChannel(tx, Channel{Site: "demo", Name: " @demo ", SenderKey: "K1", Providers: map[string]string{"solapi": "KA01PF"}})
			equal(t, "added", added, Channel{Site: "demo", Name: "@demo", SenderKey: "K1", Providers: map[string]string{"solapi": "KA01PF"}, CreatedAt: tx.Now})
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			got, err := FindChannel(tx, "demo", "@demo")
			equal(t, "found", got, added)
			return err
		})
		refused(t, d, "the same again", fault.Conflict, fault.CodeAlreadyExists, func(tx *db.Tx) error {
			_, err := AddChannel(tx, Channel{Site: "demo", Name: "@demo", SenderKey: "K2"})
			return err
		})
		refused(t, d, "another site's", fault.NotFound, fault.CodeNotFound, func(tx *db.Tx) error {
			_, err := FindChannel(tx, "other", "@demo")
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			got, err := SetChannel(tx, Channel{Site: "demo", Name: "@demo", SenderKey: "K3"})
			equal(t, "changed", got, Channel{Site: "demo", Name: "@demo", SenderKey: "K3", Providers: added.Providers, CreatedAt: added.CreatedAt})
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			_, err := SetChannel(tx, Channel{Site: "demo", Name: "@demo", SenderKey: "K3", Providers: map[string]string{}})
			return err
		})
		update(t, d, func(tx *db.Tx) error {
			got, err := Channels(tx, "demo")
			equal(t, "list", got, []Channel{{Site: "demo", Name: "@demo", SenderKey: "K3", Providers: map[string]string{}, CreatedAt: added.CreatedAt}})
			return err
		})
		update(t, d, func(tx *db.Tx) error { return RemoveChannel(tx, "demo", "@demo") })
		for what, fn := range map[string]func(*db.Tx) error{
			"find": func(tx *db.Tx) error { _, err := FindChannel(tx, "demo", "@demo"); return err },
			"set": func(tx *db.Tx) error {
				_, err := SetChannel(tx, Channel{Site: "demo", Name: "@demo", SenderKey: "K"})
				return err
			},
			"remove": func(tx *db.Tx) error { return RemoveChannel(tx, "demo", "@demo") },
			"no site": func(tx *db.Tx) error {
				_, err := AddChannel(tx, Channel{Site: "none", Name: "@a", SenderKey: "K"})
				return err
			},
			"other site": func(tx *db.Tx) error { return RemoveChannel(tx, "other", "@demo") },
		} {
			refused(t, d, what, fault.NotFound, fault.CodeNotFound, fn)
		}
	})
}

func TestAKoreanChannelNameIsOneNameHoweverItIsComposed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		create(t, d, NewKeys(d, nil), "demo")
		composed, decomposed := "@가게", "@\u1100\u1161\u1100\u1166"
		update(t, d, func(tx *db.Tx) error {
			c, err := AddChannel(tx, Channel{Site: "demo", Name: decomposed, SenderKey: "K"})
			equal(t, "name", c.Name, composed)
			return err
		})
		for _, name := range []string{composed, decomposed} {
			update(t, d, func(tx *db.Tx) error {
				c, err := FindChannel(tx, "demo", name)
				equal(t, "name", c.Name, composed)
				return err
			})
		}
	})
}

func TestChannelsThatCannotBeAreRefused(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	create(t, d, NewKeys(d, nil), "demo")
	for what, c := range map[string]Channel{
		"no name":             {SenderKey: "K"},
		"a name without @":    {Name: "demo", SenderKey: "K"},
		"a name with a space": {Name: "@de mo", SenderKey: "K"},
		"a key with a space":  {Name: "@demo", SenderKey: "K K"},
		"an empty vendor id":  {Name: "@demo", SenderKey: "K", Providers: map[string]string{"solapi": ""}},
		"an empty provider":   {Name: "@demo", SenderKey: "K", Providers: map[string]string{"": "x"}},
	} {
		c.Site = "demo"
		refused(t, d, what, fault.Invalid, fault.CodeValidation, func(tx *db.Tx) error {
			_, err := AddChannel(tx, c)
			return err
		})
	}
}
