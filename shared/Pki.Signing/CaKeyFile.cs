using System.Text;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki.Signing;

/// <summary>A CA key at rest: PKCS#8, PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA-256, mode 0600.</summary>
public sealed class CaKeyFile(string path)
{
    private const int MaxBytes = 16384;
    private const UnixFileMode Others = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    public string Path { get; } = System.IO.Path.GetFullPath(path);

    public bool Exists => File.Exists(Path);

    /// <summary>Replaces the file atomically.</summary>
    /// <param name="rounds">Of PBKDF2; fewer are for a password that nobody can guess.</param>
    public void Save(CaKey key, ReadOnlySpan<char> password, int rounds = 600_000) =>
        AtomicFile.WriteText(Path, EncryptedKeyPem.Encrypt(key, password, rounds), AtomicFile.Secret);

    /// <summary>Throws <see cref="PkiError.KeyMissing"/>, <see cref="PkiError.KeyNotProtected"/>, <see cref="PkiError.WrongPassword"/> or <see cref="PkiError.Malformed"/>.</summary>
    public CaKey Load(ReadOnlySpan<char> password) => EncryptedKeyPem.Decrypt(Encoding.ASCII.GetString(Read()), password);

    /// <summary>Copies the encrypted file, mode 0600; an existing destination is refused.</summary>
    public void Export(string destination)
    {
        var content = Read();
        if (File.Exists(destination) || Directory.Exists(destination))
        {
            throw new IOException($"'{destination}' exists already.");
        }

        AtomicFile.Write(destination, content, AtomicFile.Secret);
    }

    /// <summary>Deletes the file for good, when it is there.</summary>
    public void Remove() => AtomicFile.Delete(Path);

    private byte[] Read()
    {
        try
        {
            using var stream = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(stream.SafeFileHandle) & Others) != UnixFileMode.None)
            {
                throw new PkiException(PkiError.KeyNotProtected, $"The key file '{Path}' can be read or written by others; set its mode to 0600.");
            }

            if (stream.Length > MaxBytes)
            {
                throw new PkiException(PkiError.TooLarge, $"The key file '{Path}' is larger than {MaxBytes} bytes.");
            }

            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PkiException(PkiError.KeyMissing, $"There is no key file '{Path}'.", e);
        }
    }
}
