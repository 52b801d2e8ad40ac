package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/access"
	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// openDemo opens the demo over a database and a folder, and closes it again.
func openDemo(t *testing.T, c Config, dir string) Demo {
	t.Helper()
	p, d, err := OpenDemo(t.Context(), c, DemoOptions{Dir: dir, Options: Options{Roles: Roles}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, one := range d.Logins {
		if _, err := p.people.SignIn(t.Context(), access.SignIn{Email: one.Email, Password: one.Password}); err != nil {
			t.Errorf("%s cannot sign in: %v", one.Role, err)
		}
	}
	err = p.d.View(t.Context(), "test", func(tx *db.Tx) error {
		for owner, secret := range d.Tokens {
			token, err := site.Authenticate(tx, secret)
			if err != nil || tokenOf(token).Site != owner {
				t.Errorf("the token of %s is %s's: %v", owner, token.Site, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return d
}

func TestTheDemoKeepsItsSecretsAndMendsWhatIsMissing(t *testing.T) {
	c, dir := testConfig(t), filepath.Join(t.TempDir(), "data")
	first := openDemo(t, c, dir)
	if len(first.Tokens) != 5 || first.Provider.WebhookSecret == "" || first.TemplateCode != "RESERVE_01" || first.Senders["demo-poor"] != "0261234567" {
		t.Errorf("the demo is %+v", first)
	}
	if len(first.Logins) != 6 || first.Logins[0].Role != "operator" || first.Logins[2].Site != "demo-rich" || len(first.Logins[0].Password) < 10 {
		t.Errorf("the people of the demo are %+v", first.Logins)
	}
	again := openDemo(t, c, dir)
	if diff := cmp.Diff([]any{first.Tokens, first.Provider, first.Logins}, []any{again.Tokens, again.Provider, again.Logins}); diff != "" {
		t.Errorf("a second start changed: %s", diff)
	}
	if err := os.Remove(filepath.Join(dir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	mended := openDemo(t, c, dir)
	if mended.Logins[0].Password == first.Logins[0].Password || mended.Logins[0].Password == "" {
		t.Error("a lost password came back by itself")
	}
	if mended.Tokens["demo-rich"] == first.Tokens["demo-rich"] || mended.Provider == first.Provider {
		t.Error("a lost file came back by itself")
	}
	// Another database under the same file: its tokens mean nothing there.
	elsewhere := openDemo(t, testConfig(t), dir)
	if elsewhere.Tokens["operator"] == mended.Tokens["operator"] || elsewhere.Provider != mended.Provider {
		t.Error("the tokens of another database were kept, or the secret was not")
	}
	if err := os.WriteFile(filepath.Join(dir, "demo.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := OpenDemo(t.Context(), c, DemoOptions{Dir: dir, Options: Options{Roles: Roles}})
	wantFault(t, err, fault.Invalid, "remove it")
	left, err := filepath.Glob(filepath.Join(dir, ".demo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTheDemoNeverMeetsRealProviders(t *testing.T) {
	c := testConfig(t, ProviderConfig{Name: "real", Kind: "solapi", APIKey: "K", APISecret: "S"})
	_, _, err := OpenDemo(t.Context(), c, DemoOptions{Dir: t.TempDir()})
	wantFault(t, err, fault.Invalid, "without configured ones")
	c = testConfig(t)
	c.Production = true
	_, _, err = OpenDemo(t.Context(), c, DemoOptions{Dir: t.TempDir()})
	wantFault(t, err, fault.Invalid, "production")
}

func TestMadeUpIDsHaveTheVendorsFormAndStayTheSame(t *testing.T) {
	a := madeUp("KA01PF", "shop", "@shop", "sim")
	if a != madeUp("KA01PF", "shop", "@shop", "sim") || a == madeUp("KA01PF", "other", "@shop", "sim") || a == madeUp("KA01TP", "shop", "@shop", "sim") {
		t.Errorf("%s is not the thing's own", a)
	}
	if len(a) != 32 {
		t.Errorf("%s has %d letters, want 32", a, len(a))
	}
}

func TestATimeFromNowIsReadInDaysToo(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "90d": 90 * 24 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := parseExpiry("--expires", text); err != nil || got != want {
			t.Errorf("%q is %s, want %s: %v", text, got, want, err)
		}
	}
	for _, text := range []string{"0d", "-1d", "-1h", "d", "tomorrow", "99999999d"} {
		if got, err := parseExpiry("--expires", text); err == nil {
			t.Errorf("%q is %s, want an error", text, got)
		}
	}
}

func TestVerbsBesideTheDemoReadTheLettersOfAllThatItHas(t *testing.T) {
	t.Chdir(t.TempDir())
	c := testConfig(t)
	demo := Demo{SimulatorURL: "http://127.0.0.1:9", Provider: DemoProvider{Name: demoProvider}}
	if err := os.MkdirAll(DemoDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := demo.write(filepath.Join(DemoDir, "demo.json")); err != nil {
		t.Fatal(err)
	}
	o, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, account := range []string{demoProvider, testProvider} {
		now := time.Now()
		if _, err := o.Rerun(t.Context(), InboxRequest{Provider: account, From: now.Add(-time.Hour), Until: now}, func(InboxRun) {}); err != nil {
			t.Errorf("letters of %s: %v", account, err)
		}
	}
}
