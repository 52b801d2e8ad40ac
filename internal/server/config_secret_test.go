package server

import "testing"

func TestAnAddressShowsEverythingButItsPasswords(t *testing.T) {
	for given, want := range map[Address]string{
		"sqlite:data/creditmsg.db":              "sqlite:data/creditmsg.db",
		"mysql://u@/db?socket=/run/mysqld.sock": "mysql://u@/db?socket=/run/mysqld.sock",
		"mysql://u:p@h:3306/db":                 "mysql://u:********@h:3306/db",
		"mysql://u:p%ss@h/db":                   "mysql://********",
		"https://h/a%2Fb":                       "https://h/a%2Fb",
		"s3://KEY:SECRET@h/b/p?region=x":        "s3://KEY:********@h/b/p?region=x",
		"":                                      "",
	} {
		if got := given.String(); got != want {
			t.Errorf("%#q shows as %s, want %s", string(given), got, want)
		}
	}
}
