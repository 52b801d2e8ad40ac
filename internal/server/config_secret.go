package server

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"strings"
)

const mask = "********"

// maxSecretFile is far above any key or address and far below a mistaken path.
const maxSecretFile = 64 << 10

// Secret is text that no way of printing shows. string(s) is the way to use it.
type Secret string

// String gives the mask, or nothing when there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return mask
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText is String, for YAML, JSON and logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Address is a URL that may carry a password, which no way of printing shows.
// string(a) is the way to use it.
type Address string

// String gives the URL with its passwords masked.
func (a Address) String() string {
	scheme, rest, _ := strings.Cut(string(a), ":")
	if !strings.HasPrefix(rest, "//") {
		return string(a) // sqlite:data/creditmsg.db
	}
	u, err := url.Parse(string(a))
	if err != nil {
		return scheme + "://" + mask // a password with a stray character is one cause
	}
	user := ""
	if u.User != nil {
		user = url.PathEscape(u.User.Username())
		if _, has := u.User.Password(); has {
			user += ":" + mask
		}
		user += "@"
	}
	text := u.Scheme + "://" + user + u.Host + u.EscapedPath()
	if query := maskQuery(u.RawQuery); query != "" {
		text += "?" + query
	}
	return text
}

// maskQuery hides the values whose names say that they are secret and keeps the order.
func maskQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		for _, word := range []string{"pass", "secret", "token", "key"} {
			if strings.Contains(strings.ToLower(name), word) {
				parts[i] = name + "=" + mask
			}
		}
	}
	return strings.Join(parts, "&")
}

// GoString is String, for %#v.
func (a Address) GoString() string { return a.String() }

// MarshalText is String, for YAML, JSON and logs.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Bytes gives the master key, or nil when there is none.
func (k KeysConfig) Bytes() ([]byte, error) {
	text := string(k.Master)
	if text == "" {
		return nil, nil
	}
	if key, err := hex.DecodeString(text); err == nil && len(key) == 32 {
		return key, nil
	}
	for _, form := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if key, err := form.DecodeString(text); err == nil && len(key) == 32 {
			return key, nil
		}
	}
	return nil, fmt.Errorf("it must be 32 bytes, as 64 hex digits or as base64; make one with: openssl rand -hex 32")
}

// secretFiles reads every secret that is named by a key with _file after it, wherever
// such a pair stands in the configuration, and clears the name.
func (l *loading) secretFiles(c *Config) { l.secretFilesIn(reflect.ValueOf(c).Elem(), "") }

func (l *loading) secretFilesIn(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			l.secretFilesIn(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := yamlName(v.Type().Field(i))
			key, is := strings.CutSuffix(name, "_file")
			if is && fieldNamed(v, key).IsValid() && v.Field(i).String() != "" { // tls.cert_file names no secret
				l.secretFile(join(path, key), join(path, name), v.Field(i), fieldNamed(v, key))
				continue
			}
			l.secretFilesIn(v.Field(i), join(path, name))
		}
	}
}

func (l *loading) secretFile(path, filePath string, file, secret reflect.Value) {
	name := file.String()
	file.SetString("")
	// The environment wins over the file's value; two values of one origin contradict.
	if secret.String() != "" && l.fromEnv(path) == l.fromEnv(filePath) {
		l.bad(filePath, "give either %s or %s", path, filePath)
		return
	}
	if secret.String() != "" && l.fromEnv(path) {
		return
	}
	text, err := readSecret(name)
	if err != nil {
		l.bad(filePath, "%v", err)
		return
	}
	secret.SetString(text)
	l.places[path] = l.places[filePath]
}

func readSecret(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" || len(data) > maxSecretFile {
		return "", fmt.Errorf("%s is empty or larger than %d bytes", name, maxSecretFile)
	}
	return text, nil
}
