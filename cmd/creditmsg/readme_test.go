package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"creditmsg/internal/server"
)

// readmes are read before a test changes its folder.
func readmes(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"README.md", "README.ko.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

var (
	block      = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	secretFile = regexp.MustCompile(`secrets/[a-z.-]+`)
)

func TestTheConfigurationsOfTheReadmesAreRead(t *testing.T) {
	for name, text := range readmes(t) {
		t.Run(name, func(t *testing.T) {
			office(t)
			whole, blocks := "", 0
			for _, b := range block.FindAllStringSubmatch(text, -1) {
				if b[1] == "yaml" {
					whole, blocks = whole+b[2], blocks+1
				}
			}
			if blocks < 2 || !strings.Contains(whole, "gateways:") {
				t.Fatalf("%d blocks, want the installation's and that of payments", blocks)
			}
			if err := os.Mkdir("secrets", 0o700); err != nil {
				t.Fatal(err)
			}
			for _, file := range secretFile.FindAllString(whole, -1) {
				if err := os.WriteFile(file, []byte(strings.Repeat("07", 32)), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile("creditmsg.yaml", []byte(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := server.LoadConfig("creditmsg.yaml", nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Providers) != 1 || len(c.Payments.Gateways) != 3 || len(c.Payments.Bonus) != 1 {
				t.Errorf("read: %d providers, %d gateways, %d tiers", len(c.Providers), len(c.Payments.Gateways), len(c.Payments.Bonus))
			}
		})
	}
}

// commandLine is a command of ours: its verb, which stands before a site, a flag or a comment.
var (
	commandLine = regexp.MustCompile(`(?m)^(?:.*\| )?creditmsg ([a-z-]+(?: [a-z-]+)??)(?: my-shop.*| gold.*| -.*| +#.*)?$`)
	flagOfLine  = regexp.MustCompile(`--[a-z][a-z-]*`)
)

func TestTheCommandsOfTheReadmesAreThere(t *testing.T) {
	for name, text := range readmes(t) {
		n := 0
		for _, b := range block.FindAllStringSubmatch(text, -1) {
			for _, line := range commandLine.FindAllStringSubmatch(b[2], -1) {
				n++
				verb := strings.Fields(line[1])
				code, help, errs := run(t, "", append(append([]string{}, verb...), "--help")...)
				if code != 0 {
					t.Errorf("%s: creditmsg %s: exit %d %s", name, strings.Join(verb, " "), code, errs)
				}
				for _, flag := range flagOfLine.FindAllString(line[0], -1) {
					if !strings.Contains(help, flag) {
						t.Errorf("%s: creditmsg %s has no %s", name, strings.Join(verb, " "), flag)
					}
				}
			}
		}
		if n < 14 {
			t.Errorf("%s: %d commands, want those of the first site and of taking money", name, n)
		}
	}
}
