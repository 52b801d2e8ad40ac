package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/korea"
	"creditmsg/internal/server"
)

// damage runs statements on a database behind the product's back.
func damage(t *testing.T, url string, statements ...string) {
	t.Helper()
	d, err := db.Open(within(t), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Update(within(t), "damage", func(tx *db.Tx) error {
		for _, s := range statements {
			if n, err := tx.Exec(s); err != nil || n == 0 {
				t.Errorf("%s changed %d rows: %v", s, n, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// diagnosed wants the doctor to find exactly these checks wrong.
func diagnosed(t *testing.T, c server.Config, want ...string) {
	t.Helper()
	p, err := server.OpenOperator(within(t), c, server.OperatorOptions{AnySchema: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	h, err := p.Doctor(within(t))
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for _, c := range h.Checks {
		if c.Status == server.CheckWrong {
			wrong = append(wrong, c.Name)
		}
	}
	if !slices.Equal(wrong, want) || h.OK != (len(want) == 0) {
		t.Errorf("the doctor finds %v wrong, want %v: %+v", wrong, want, h.Checks)
	}
}

func TestWhatIsDamagedIsFoundAndNamed(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:9")
		office := operator(t, c)
		tenant(t, office, "shop", nil)
		diagnosed(t, c)

		damage(t, database, `UPDATE account SET available = available + 1 WHERE site_id = 'shop'`)
		diagnosed(t, c, "ledger")
		proof, err := office.VerifyLedger(within(t), "shop")
		if err != nil || proof.OK || len(proof.Broken) == 0 || proof.Broken[0].Site != "shop" || proof.Broken[0].Law != 1 {
			t.Errorf("the proof is %+v, %v; want law 1 of shop broken", proof, err)
		}
		verify := command(t, t.TempDir(), []string{"CREDITMSG_DATABASE_URL=" + database}, "ledger", "verify")
		out, err := verify.CombinedOutput()
		if err == nil || verify.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "site shop, law 1, account: ") {
			t.Errorf("ledger verify ends with %v:\n%s", err, out)
		}
		damage(t, database, `UPDATE account SET available = available - 1 WHERE site_id = 'shop'`)

		month := korea.Month(time.Now())
		if _, err := office.Statement(within(t), "shop", month, "json"); err != nil {
			t.Errorf("the statement of sound books: %v", err)
		}
		damage(t, database, `UPDATE entry SET available_after = available_after + 1 WHERE site_id = 'shop'`)
		if _, err := office.Statement(within(t), "shop", month, "json"); err == nil || !strings.Contains(err.Error(), "does not add up") {
			t.Errorf("a statement that does not add up is given out: %v", err)
		}
		damage(t, database, `UPDATE entry SET available_after = available_after - 1 WHERE site_id = 'shop'`)
		damage(t, database, `INSERT INTO credit_head (site_id, kst_day, seq, hash, available, held, spent, signer, signature)
			SELECT site_id, '2020-01-01', seq, hash, available, held, spent, 'nobody', hash FROM account WHERE site_id = 'shop'`)
		diagnosed(t, c, "heads")
		damage(t, database, `DELETE FROM credit_head`)

		damage(t, database, `INSERT INTO attempt (id, provider, state, ask_at, asked, legs, members, upstream_id, created_at, called_at, deadline, answered_at, reason, code)
			SELECT id, 'solapi', 'calling', 1, 0, 1, '[]', '', 1, 1, 1, 0, '', '' FROM site_token`)
		diagnosed(t, c, "calls")
		damage(t, database, `DELETE FROM attempt`)
		damage(t, database, `INSERT INTO inbox (id, provider, state, received_at, applied_at, reports, body) SELECT id, 'solapi', 'new', 1, 0, 0, '' FROM site_token`)
		diagnosed(t, c, "calls")
		damage(t, database, `DELETE FROM inbox`)

		damage(t, database, `INSERT INTO job (kind, job_key, id, lane, site_id, state, place, due, turn, rev, tries, dropped, why)
			SELECT 'send', 'x', id, 'credit-messaging', 'shop', 'buried', 1, 1, 1, 1, 20, (1 = 0), 'panic' FROM site_token`)
		diagnosed(t, c, "stuck")
		damage(t, database, `UPDATE job SET state = 'ready'`)
		diagnosed(t, c, "queue")
		damage(t, database, `DELETE FROM job`)
		diagnosed(t, c)
	})
}

func TestASchemaThatIsBehindIsToldAndMigrated(t *testing.T) {
	onEachEngine(t, func(t *testing.T, database string) {
		c := configured(t, database, "http://127.0.0.1:9")
		office := operator(t, c)
		last := func() server.Schema {
			s, err := office.Schema(within(t))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		if s := last(); s.Pending != 0 {
			t.Fatalf("an empty database was not migrated: %d pending", s.Pending)
		}
		damage(t, database, `DELETE FROM goose_db_version WHERE version_id = 61`)
		_, err := server.OpenOperator(within(t), c, server.OperatorOptions{})
		if err == nil || !strings.Contains(err.Error(), "creditmsg migrate up") || !strings.Contains(err.Error(), "00061_") {
			t.Errorf("a verb on it: %v, want a word on migrate up", err)
		}
		diagnosed(t, c, "schema")
		p, err := server.Open(within(t), c, server.Options{})
		if err != nil {
			t.Fatalf("serve on it: %v", err)
		}
		p.Close()
		if s := last(); s.Pending != 0 {
			t.Errorf("serve left %d steps pending", s.Pending)
		}
	})
}
