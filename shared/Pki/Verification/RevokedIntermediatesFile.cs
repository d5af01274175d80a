using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Pki;

/// <summary>The newest of the root's lists that was seen, on disk, for one process at a time. It never goes back, and survives whoever serves it.</summary>
public sealed class RevokedIntermediatesFile(string path)
{
    /// <summary>In a folder of certificates, beside the root's own.</summary>
    public const string Name = "root_ca.crl";

    private readonly Lock _writing = new();

    public bool Exists => File.Exists(path);

    /// <summary>Null: there is none, or it is no list of this root.</summary>
    public RevokedIntermediates? TryLoad(X509Certificate2 root)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= CaRevocationList.MaxBytes } ? RevokedIntermediates.Parse(File.ReadAllBytes(path), root) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PkiException)
        {
            return null;
        }
    }

    /// <summary>The same, to judge a stack's own servers by; null also while the list names a CA that the stack itself stands on: until it has the next one, it could not be reached by its own.</summary>
    public RevokedIntermediates? TryLoad(X509Certificate2 root, IEnumerable<X509Certificate2> own) => TryLoad(root) is { } list && !own.Any(list.Contains) ? list : null;

    /// <summary>False: it is not newer. Throws IOException, UnauthorizedAccessException.</summary>
    public bool Keep(RevokedIntermediates list, X509Certificate2 root)
    {
        lock (_writing)
        {
            if (!list.IsNewerThan(TryLoad(root)))
            {
                return false;
            }

            AtomicFile.Write(path, list.Der.Span, AtomicFile.Public);
            return true;
        }
    }
}
