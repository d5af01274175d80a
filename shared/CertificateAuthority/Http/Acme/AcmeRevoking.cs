using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Revocation (RFC 8555 7.6): by the account that got the certificate, or by the certificate's own key.</summary>
internal sealed class AcmeRevoking(AcmeRequests requests, AcmeOrders orders, Authority authority, ProfileRevocations revocations)
{
    public async Task RevokeAsync(HttpContext context)
    {
        var request = await requests.ReadAsync(context);
        var wanted = request.Read(AcmeJson.Default.RevokeCertificate);
        using var certificate = CertificateOf(wanted);
        var serial = certificate.SerialNumberBytes.ToArray();
        if (await authority.FindAsync(serial, context.RequestAborted) is not { } record || !record.Der.AsSpan().SequenceEqual(certificate.RawDataMemory.Span))
        {
            throw AcmeException.NotFound("This server did not issue the certificate.");
        }

        var by = request.Account is { } account
            ? await orders.HasAsync(account.Id, serial, context.RequestAborted) ? account.Id : throw AcmeException.Unauthorized("The account did not get this certificate.")
            : IsKeyOf(certificate, request.Key) ? "its own key" : throw AcmeException.Unauthorized("The request is not signed by the certificate's key.");
        if (!RevocationReasons.TryParse(wanted.Reason ?? 0, out var reason))
        {
            throw AcmeException.Of("badRevocationReason", "The reason is not one of RFC 5280 5.3.1.", 400);
        }

        var outcome = await revocations.RevokeAsync(new Revocation { Serial = serial, ReasonCode = reason, By = $"acme:{by}" }, confirmation: null, context.RequestAborted);
        if (outcome == RevocationOutcome.AlreadyRevoked)
        {
            throw AcmeException.Of("alreadyRevoked", "The certificate is revoked.", 400);
        }

        context.Response.ContentLength = 0;
    }

    private static X509Certificate2 CertificateOf(RevokeCertificate wanted)
    {
        if (wanted.Certificate is not { Length: > 0 } text || !Base64Url.IsValid(text))
        {
            throw AcmeException.Malformed("The payload has no certificate in base64url.");
        }

        try
        {
            return X509CertificateLoader.LoadCertificate(Base64Url.DecodeFromChars(text));
        }
        catch (CryptographicException e)
        {
            throw AcmeException.Malformed("The certificate can't be read.", e);
        }
    }

    private static bool IsKeyOf(X509Certificate2 certificate, JsonWebKey key)
    {
        using var ec = certificate.GetECDsaPublicKey();
        using var rsa = certificate.GetRSAPublicKey();
        return key.Thumbprint() == (ec is not null ? JsonWebKey.FromPublicKey(ec).Thumbprint() : rsa is not null ? JsonWebKey.FromPublicKey(rsa).Thumbprint() : null);
    }
}
