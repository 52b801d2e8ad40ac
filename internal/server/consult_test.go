package server

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/site"
)

// asked gives what the API of a process answers to an operator.
func asked(t *testing.T, p *Program, path string) *httptest.ResponseRecorder {
	t.Helper()
	var secret string
	err := p.d.Update(t.Context(), "test", func(tx *db.Tx) (err error) {
		_, secret, err = site.NewToken(tx, "", "test", []string{site.Operator}, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w
}

func TestTheAPITellsWhatTheDoctorFindsAtTheCommandLine(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			c := testConfig(t)
			c.Database.URL, c.Blob.Shared = Address(dbtest.Migrated(t, engine)), true
			p, err := Open(t.Context(), c, Options{Version: "v7"})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.presence.Beat(t.Context()); err != nil {
				t.Fatal(err)
			}
			var v struct {
				Version, Engine string
				OK              bool
				Checks          []Check
				Process         struct{ ID string }
				Processes       []struct {
					ID, Version string
					Roles       []string
				}
			}
			if err := json.Unmarshal(asked(t, p, "/v1/system").Body.Bytes(), &v); err != nil {
				t.Fatal(err)
			}
			o, err := OpenOperator(t.Context(), c, OperatorOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			h, err := o.Doctor(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Checks) != len(h.Checks) || v.OK != h.OK || len(h.Checks) < 15 {
				t.Fatalf("the API has %d checks (%t), the command line %d (%t)", len(v.Checks), v.OK, len(h.Checks), h.OK)
			}
			for i, check := range h.Checks {
				if got := v.Checks[i]; got.Name != check.Name || got.Status != check.Status {
					t.Errorf("check %d: the API has %+v, the command line %+v", i, got, check)
				}
			}
			if v.Version != "v7" || v.Engine != p.d.Engine() || len(v.Processes) != 1 || v.Processes[0].ID != v.Process.ID || len(v.Processes[0].Roles) != len(DefaultRoles) {
				t.Errorf("got %+v", v)
			}
		})
	}
}

func TestTheDoctorLooksOnceForManyWhoAsk(t *testing.T) {
	p, err := Open(t.Context(), testConfig(t), Options{Roles: []string{RoleAPI}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	first, err := p.doctor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.doctor(t.Context()); err != nil || again.At != first.At {
		t.Errorf("got %v, %v, want what was found just now", again, err)
	}
	p.consult.last.At -= db.Time(freshFor.Microseconds()) // half a minute later
	if later, err := p.doctor(t.Context()); err != nil || later.At < first.At {
		t.Errorf("got %v, %v, want another look", later, err)
	}
}

func TestTheConfigurationIsShownWithoutItsSecrets(t *testing.T) {
	c := testConfig(t)
	c.Keys.Master = Secret(strings.Repeat("5a", 32))
	c.Providers = ProviderConfigs{{Name: "solapi", Kind: "solapi", APIKey: "KEY-OF-SOLAPI", APISecret: "SECRET-OF-SOLAPI", URL: "http://127.0.0.1:9"}}
	p, err := Open(t.Context(), c, Options{Roles: []string{RoleAPI}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	g := asked(t, p, "/v1/system/configuration")
	text := g.Body.String()
	if g.Header().Get("Content-Type") != "application/yaml" || !strings.Contains(text, "name: solapi") || !strings.Contains(text, mask) {
		t.Errorf("got %s: %s", g.Header().Get("Content-Type"), text)
	}
	for _, secret := range append(c.Secrets(), "SECRET-OF-SOLAPI", strings.Repeat("5a", 32)) {
		if len(secret) >= shortestSecret && strings.Contains(text, secret) {
			t.Errorf("it shows %q", secret)
		}
	}
}
