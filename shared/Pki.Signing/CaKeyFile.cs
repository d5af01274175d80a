namespace IoTPlatform.Pki.Signing;

/// <summary>A CA key at rest: PKCS#8, PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256 (600,000 rounds), mode 0600.</summary>
public sealed class CaKeyFile(string path)
{
    public string Path { get; } = path;

    public bool Exists => throw new NotImplementedException();

    /// <summary>Replaces the file atomically.</summary>
    public void Save(CaKey key, ReadOnlySpan<char> password) => throw new NotImplementedException();

    /// <summary>Throws <see cref="PkiError.KeyMissing"/>, <see cref="PkiError.KeyNotProtected"/>, <see cref="PkiError.WrongPassword"/> or <see cref="PkiError.Malformed"/>.</summary>
    public CaKey Load(ReadOnlySpan<char> password) => throw new NotImplementedException();

    /// <summary>Copies the encrypted file, mode 0600; an existing destination is refused.</summary>
    public void Export(string destination) => throw new NotImplementedException();

    public void Remove() => throw new NotImplementedException();
}
