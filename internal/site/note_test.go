package site

import (
	"strings"
	"testing"
	"time"

	"creditmsg/internal/audit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/id"
)

func TestEachChangeOfASiteIsNotedWithoutNumbersAndSecrets(t *testing.T) {
	d := dbtest.Open(t, "sqlite")
	keys := NewKeys(d, nil)
	act := func(do func(tx *db.Tx) error) {
		t.Helper()
		ctx := audit.By(t.Context(), audit.Actor{Kind: audit.Token, ID: "tok_x"})
		if err := d.Update(ctx, "test", do); err != nil {
			t.Fatal(err)
		}
	}
	number, window := "080-123-4567", 10*time.Minute
	secret, token := "", Token{}
	for _, do := range []func(tx *db.Tx) error{
		func(tx *db.Tx) error { _, err := Create(tx, keys, "shop", "가게"); return err },
		func(tx *db.Tx) error { return SetState(tx, "shop", Suspended) },
		func(tx *db.Tx) error { return SetState(tx, "shop", Suspended) }, // changes nothing
		func(tx *db.Tx) error { return SetWeight(tx, "shop", 3) },
		func(tx *db.Tx) error { return SetNotify(tx, "shop", true) },
		func(tx *db.Tx) error {
			_, err := SetRules(tx, "shop", RulesChange{OptOutNumber: &number, DuplicateWindow: &window})
			return err
		},
		func(tx *db.Tx) error { _, err := AddSender(tx, "shop", "02-6123-4567", Requested); return err },
		func(tx *db.Tx) error {
			_, err := SetSender(tx, "shop", "0261234567", Approved, "010-1234-5678 확인")
			return err
		},
		func(tx *db.Tx) error { return RemoveSender(tx, "shop", "0261234567") },
		func(tx *db.Tx) error {
			_, err := AddChannel(tx, Channel{Site: "shop", Name: "@가게", SenderKey: "KEYKEYKEY"})
			return err
		},
		func(tx *db.Tx) error {
			_, err := SetChannel(tx, Channel{Site: "shop", Name: "@가게", SenderKey: "OTHERKEY", Providers: map[string]string{"solapi": "KA01"}})
			return err
		},
		func(tx *db.Tx) error { return RemoveChannel(tx, "shop", "@가게") },
		func(tx *db.Tx) error { _, err := AddWords(tx, "shop", []string{"카지노", "도박"}); return err },
		func(tx *db.Tx) error { _, err := AddWords(tx, "shop", []string{"도박"}); return err }, // changes nothing
		func(tx *db.Tx) error { return RemoveWord(tx, "shop", "도 박") },
		func(tx *db.Tx) (err error) {
			token, secret, err = NewToken(tx, "shop", "api", []string{"audit:read"}, 0)
			return err
		},
		func(tx *db.Tx) error { return Revoke(tx, "shop", token.ID) },
		func(tx *db.Tx) error { return Revoke(tx, "shop", token.ID) }, // changes nothing
	} {
		act(do)
	}
	var got []string
	if err := audit.Each(t.Context(), d, audit.Filter{Site: "shop"}, func(e audit.Entry) error {
		got = append([]string{strings.ReplaceAll(e.Action+" "+e.Ref+" "+string(e.Before)+" "+string(e.After)+" "+e.AskedBy+" "+e.ApprovedBy, token.ID.Text(id.Token), "tok")}, got...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`site.created shop {"name":null} {"name":"가게"}  `,
		`site.suspended shop {"state":"active"} {"state":"suspended"}  `,
		`site.updated shop {"weight":1} {"weight":3}  `,
		`site.updated shop {"notify_done":false} {"notify_done":true}  `,
		`rules.updated shop {"duplicate_window":"0s","opt_out_number":null} {"duplicate_window":"10m0s","opt_out_number":"080****4567"}  `,
		`sender.added 026****4567 {} {"default":true,"state":"requested"} tok_x `,
		`sender.approved 026****4567 {"reason":"","state":"requested"} {"reason":"010****5678 확인","state":"approved"} tok_x tok_x`,
		`sender.removed 026****4567 {"default":true,"state":"approved"} {}  `,
		`channel.added @가게 {} {"providers":null}  `,
		`channel.updated @가게 {"providers":{},"sender_key":"hidden"} {"providers":{"solapi":"KA01"},"sender_key":"changed"}  `,
		`channel.removed @가게 {"providers":{"solapi":"KA01"}} {}  `,
		`words.added  {} {"count":2,"words":["도박","카지노"]}  `,
		`words.removed  {"count":1,"words":["도박"]} {}  `,
		`token.created tok {} {"abilities":["audit:read"],"expires_at":null,"name":"api"}  `,
		`token.revoked tok {"abilities":["audit:read"],"expires_at":null,"name":"api"} {}  `,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("entry %d: got %q\nwant %q", i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
	if strings.Contains(strings.Join(got, "\n"), secret) {
		t.Error("the log holds a token's secret")
	}
}
