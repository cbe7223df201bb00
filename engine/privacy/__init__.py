"""What keeps voices private: sealed records, keys from passphrases and in the keyring, sealed files. Knows no database."""
