using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A tenant's Sub-CA in its data folder. Every generation has its own folder with key and certificate; the newest complete one
/// signs, earlier ones are accepted until they expire. A crash at any point leaves a state the next call continues from.
/// </summary>
public sealed class SubCa
{
    private readonly DataFolder _folder;
    private readonly CaPasswords _passwords;
    private readonly TimeProvider _time;

    public SubCa(DataFolder folder, CaPasswords passwords, TimeProvider time)
    {
        _folder = folder;
        _passwords = passwords;
        _time = time;
    }

    /// <summary>A generation with key and certificate exists.</summary>
    public bool IsInstalled => SubCaGeneration.All(_folder).Any(g => g.IsComplete);

    /// <summary>The next generation has a key and waits for its certificate.</summary>
    public bool IsRotating => SubCaGeneration.All(_folder) is [{ IsComplete: false, HasKey: true }, _, ..];

    /// <summary>The first boot's key: made once, the same on every call until <see cref="Install"/>; afterwards the active key. The caller disposes it.</summary>
    public CaKey EnsureKey() => KeyOf(SubCaGeneration.All(_folder).FirstOrDefault(g => g.IsComplete) ?? SubCaGeneration.At(_folder, 1));

    /// <summary>The next generation's key: made once, the same on every call until <see cref="Install"/>. The caller disposes it.</summary>
    public CaKey EnsureNextKey()
    {
        var newest = SubCaGeneration.All(_folder) is [var first, ..] ? first : SubCaGeneration.At(_folder, 1);
        return KeyOf(newest.IsComplete ? SubCaGeneration.At(_folder, newest.Number + 1) : newest);
    }

    /// <summary>Forgets the key that waits for a certificate it will not get.</summary>
    public void DiscardNextKey()
    {
        if (SubCaGeneration.All(_folder) is [{ IsComplete: false, HasKey: true } waiting, _, ..])
        {
            File.Delete(waiting.KeyPath);
        }
    }

    /// <summary>Installs the certificate for the waiting key, the same one again, or another one for the active key. Refuses (PkiException) a certificate for another key, or a chain that doesn't end in the root.</summary>
    /// <param name="chainPem">Issuers of the certificate, issuer first, root last.</param>
    public void Install(string certificatePem, string chainPem, string expectedRootFingerprint)
    {
        var certificate = Pem.ParseCertificate(certificatePem);
        var issuers = CertificateChain.ParsePem(chainPem);
        Check(ParsedCertificate.Parse(certificate.RawDataMemory), issuers, expectedRootFingerprint);
        if (!issuers.Verify(certificate, CertificatePurpose.CertificateAuthority, _time.GetUtcNow()))
        {
            throw new PkiException(PkiError.BadSignature, "The Sub-CA certificate does not verify up to the platform's root.");
        }

        var generations = SubCaGeneration.All(_folder);
        if (generations.FirstOrDefault(g => g.IsComplete) is { } active && active.ReadCertificate() is var present && HasKeyOf(present, certificate))
        {
            // The same one again, or another one for the same key: the tenant has joined anew.
            if (!present.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
            {
                Complete(active, certificate, issuers);
            }

            return;
        }

        var waiting = generations is [{ IsComplete: false, HasKey: true } newest, ..]
            ? newest
            : throw new PkiException(PkiError.KeyMissing, "No Sub-CA key waits for a certificate.");
        using var key = KeyOf(waiting);
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.SubjectPublicKeyInfo))
        {
            throw new PkiException(PkiError.KeyMismatch, "The Sub-CA certificate is for another key.");
        }

        Complete(waiting, certificate, issuers);
    }

    /// <summary>The newest complete generation as active issuer and the earlier ones, not yet expired, as accepted. Throws StartupException.</summary>
    public IssuerSet Load()
    {
        var complete = SubCaGeneration.All(_folder).Where(g => g.IsComplete).ToArray();
        if (complete is not [var active, .. var earlier])
        {
            throw new StartupException("This tenant has no Sub-CA yet: it has to join a provider first.");
        }

        var chain = active.ReadChain();
        Publish(chain);
        var key = CaKeys.Load(active.KeyPath, _passwords);
        try
        {
            var now = _time.GetUtcNow();
            var accepted = earlier.Select(g => (Generation: g, Certificate: g.ReadCertificate())).Where(e => e.Certificate.NotAfterUtc() > now).ToArray();
            return new IssuerSet(
                new CaSigner(chain.Issuer, key), chain, accepted.Select(e => e.Certificate),
                accepted.Where(e => e.Generation.HasKey).Select(e => new CaSigner(e.Certificate, CaKeys.Load(e.Generation.KeyPath, _passwords))));
        }
        catch (PkiException e)
        {
            throw new StartupException($"The Sub-CA in {_folder.Path} can't be used: {e.Message} Restore key and certificate from the same backup.");
        }
    }

    private static void Check(ParsedCertificate certificate, CertificateChain issuers, string expectedRootFingerprint)
    {
        if (!certificate.IsCa || certificate.PathLength != 0)
        {
            throw new PkiException(PkiError.NotACertificateAuthority, "The certificate is not a Sub-CA's with path length 0.");
        }

        if (!string.Equals(Fingerprint.Of(issuers.Root), expectedRootFingerprint, StringComparison.OrdinalIgnoreCase))
        {
            throw new PkiException(PkiError.BadSignature, "The chain does not end in the root with the expected fingerprint.");
        }
    }

    private static bool HasKeyOf(X509Certificate2 one, X509Certificate2 other) =>
        one.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(other.PublicKey.ExportSubjectPublicKeyInfo());

    private void Complete(SubCaGeneration generation, X509Certificate2 certificate, CertificateChain issuers)
    {
        var chain = new CertificateChain([certificate, .. issuers.Certificates]);
        generation.WriteChain(chain);
        Publish(chain);
    }

    private CaKey KeyOf(SubCaGeneration generation) => CaKeys.LoadOrCreate(generation.KeyPath, KeyKind.P256, _passwords);

    /// <summary>Copies for operators, under step-ca's names; nothing reads them.</summary>
    private void Publish(CertificateChain chain)
    {
        Write("root_ca.crt", Pem.Certificate(chain.Root.RawDataMemory.Span));
        Write("intermediate_ca.crt", chain.IntermediatesPem);

        void Write(string name, string pem)
        {
            var path = _folder.Combine("certs", name);
            Folders.EnsureFor(path);
            if (!File.Exists(path) || !string.Equals(File.ReadAllText(path), pem, StringComparison.Ordinal))
            {
                AtomicFile.WriteText(path, pem, AtomicFile.Public);
            }
        }
    }
}
