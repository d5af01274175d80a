using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Proof;

/// <summary>A certificate of the Intermediate CA that was revoked as soon as it was issued: with it the provider tries whether the broker refuses revoked ones. It names nothing that exists.</summary>
internal sealed class RevokedCanary(Authority authority, DataFolder folder, TimeProvider time)
{
    private const string CommonName = "broker-canary";
    private const string Name = "broker-canary.invalid";
    private static readonly string File = Path.Combine("secrets", "broker_canary.pem");

    /// <summary>From its revocation until the broker's lists have it for sure.</summary>
    public static readonly TimeSpan Settling = 3 * BrokerRevocationLists.Interval;

    /// <summary>In date, from the issuer that signs now, and on the broker's lists by now. Null: its revocation is too young for that.</summary>
    public async Task<SslStreamCertificateContext?> FindAsync(CancellationToken cancellationToken)
    {
        if (Load() is not { } pem)
        {
            await MakeAsync(cancellationToken);
            return null;
        }

        var serial = Parse(pem).SerialNumber.ToArray();
        var record = await authority.FindAsync(serial, cancellationToken);
        if (record?.RevokedAt is not { } revokedAt)
        {
            await authority.RevokeAsync(Revocation(serial), cancellationToken);
            return null;
        }

        // A copy that lives as long as its context.
        return time.GetUtcNow() < revokedAt + Settling
            ? null
            : SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(pem, pem), [.. authority.Chain.Intermediates], offline: true);
    }

    private string? Load()
    {
        if (folder.TryRead(File) is not { } bytes)
        {
            return null;
        }

        var pem = Encoding.ASCII.GetString(bytes);
        var parsed = Parse(pem);
        return parsed.NotAfter > time.GetUtcNow().AddDays(1) && IssuerInfo.FromCertificate(authority.Chain.Issuer).HasSigned(parsed) ? pem : null;
    }

    private static ParsedCertificate Parse(string pem)
    {
        using var leaf = X509Certificate2.CreateFromPem(pem);
        return ParsedCertificate.Parse(leaf.RawData);
    }

    /// <summary>Written before it is revoked: the next test revokes what a crash left valid.</summary>
    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = SubjectNames.FromSans(CommonName, [Name]);
        var issued = await authority.IssueAsync(
            new IssueRequest
            {
                Profile = Profiles.Service,
                Csr = CertificateSigningRequest.Of(key),
                Names = names,
                Provisioner = "self",
                Requester = "system",
            },
            cancellationToken);
        folder.WriteSecret(File, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n" + issued.Pem));
        await authority.RevokeAsync(Revocation(issued.SerialNumber), cancellationToken);
    }

    private static Revocation Revocation(byte[] serial) => new() { Serial = serial, ReasonCode = RevocationReason.CessationOfOperation, Reason = "to try whether the broker refuses it", By = "system" };
}
