using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Has the Intermediate CA certified by a root whose key is not here: by a step-ca, or by whoever signs the request that is written out. The key is on disk before anybody is asked, so a start that
/// was cut off asks for the same key again. Every answer makes that key the platform's, also one that is refused: it is kept before it is judged, and nobody is asked for a second one.
/// </summary>
internal sealed class ExternalRoot(ExternalRootOptions options, DataFolder folder, TimeProvider time)
{
    private static readonly UpstreamSettings Names = UpstreamSettings.Root;

    /// <summary>The Intermediate CA, and the root. Throws <see cref="StartupException"/> with what the operator can do.</summary>
    public async Task<CertificateChain> CertifyAsync(CaKey key, string commonName, CancellationToken cancellationToken)
    {
        var request = key.CreateCsrPem(new SubjectNames { CommonName = commonName });
        var (requestFile, signedFile) = (CaFiles.IntermediateRequest(folder), CaFiles.SignedIntermediate(folder));
        Folders.EnsureFor(signedFile);
        if (options.StepCa is { } stepCa)
        {
            var signed = File.Exists(signedFile) ? Read(signedFile) : null;
            if (signed is null || !signed[0].PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.SubjectPublicKeyInfo))
            {
                signed = await AskAsync(stepCa, request, commonName, cancellationToken);
                AtomicFile.WriteText(signedFile, Pem.Certificates(signed), AtomicFile.Public);
            }

            return Check(
                signed, $"What {stepCa.Url} has signed can't be the platform's Intermediate CA",
                $"Correct that there, revoke it there (serial number {SerialNumber.ToDecimal(signed[0].SerialNumberBytes.Span)}), and take {signedFile} away: only then another one is asked for.");
        }

        AtomicFile.WriteText(requestFile, request, AtomicFile.Public);
        var toDo = $"The root {options.Fingerprint} has to sign {requestFile} as a CA with path length 1, and the certificate goes into {signedFile}, the root's after it (docs/external-root.md). The next start goes on with it.";
        return File.Exists(signedFile)
            ? Check(Read(signedFile), $"{signedFile} can't be the platform's Intermediate CA", toDo)
            : throw new StartupException(toDo);

        CertificateChain Check(IReadOnlyList<X509Certificate2> sent, string what, string toDo)
        {
            try
            {
                return IntermediateRules.Check(sent, key.SubjectPublicKeyInfo, commonName, options.Fingerprint, time.GetUtcNow());
            }
            catch (PkiException e)
            {
                throw new StartupException($"{what}: {e.Message} {toDo}");
            }
        }
    }

    /// <summary>A root is the trust of every tenant and device: it stays what it is.</summary>
    public X509Certificate2 Expected(X509Certificate2 root) => Fingerprint.Of(root) == options.Fingerprint
        ? root
        : throw new StartupException($"This platform stands under the root {Fingerprint.Of(root)}, and {Names.Fingerprint} says {options.Fingerprint}. Correct it, or begin another platform with an empty data folder.");

    private async Task<IReadOnlyList<X509Certificate2>> AskAsync(UpstreamOptions stepCa, string request, string commonName, CancellationToken cancellationToken)
    {
        try
        {
            using var client = new UpstreamClient(stepCa, time);
            // The client's own certificates end with it.
            return [.. (await client.SignAuthorityAsync(request, commonName, cancellationToken)).Select(certificate => X509CertificateLoader.LoadCertificate(certificate.RawData))];
        }
        catch (UpstreamException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new StartupException($"{stepCa.Url} ({Names.Url}) has not signed the Intermediate CA: {e.Message}. {Hint(e.Failure)} The next start asks again, for the same key.");
        }
    }

    private static string Hint(UpstreamFailure failure) => failure switch
    {
        UpstreamFailure.Refused => "Its log says why; the provisioner's claims and template there decide.",
        UpstreamFailure.Unusable => $"Compare {Names.Fingerprint}, {Names.Provisioner} and its key with what is there.",
        _ => "It is away, or busy.",
    };

    private static IReadOnlyList<X509Certificate2> Read(string path)
    {
        try
        {
            return Pem.ParseCertificates(File.ReadAllText(path, Encoding.ASCII));
        }
        catch (PkiException e)
        {
            throw new StartupException($"{path} is no certificate: {e.Message}");
        }
    }
}
