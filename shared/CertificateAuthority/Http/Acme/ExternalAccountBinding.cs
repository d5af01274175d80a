using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Judges what a new account says of who its owner is to the operator (RFC 8555 7.3.4).</summary>
internal sealed class ExternalAccountBinding(ExternalAccountKeys keys)
{
    /// <summary>Id of the key that vouches for the account; null: the request has no binding, and needs none.</summary>
    public async Task<string?> VerifyAsync(AcmeRequest request, FlattenedJws? binding, CancellationToken cancellationToken)
    {
        if (binding is null)
        {
            return request.Provisioner.RequiresExternalAccount ? throw AcmeException.ExternalAccountRequired("A new account of this server needs a binding to a key that its operator gave out.") : null;
        }

        if (binding is not { Protected: { } header, Payload: { } payload, Signature: { } signature, Header: null, Signatures: null })
        {
            throw AcmeException.Malformed("The binding is not a flattened JWS of protected, payload and signature, or has an unprotected header.");
        }

        var jws = MacJws.Parse(header, payload, signature);
        if (!string.Equals(jws.Url, request.Links.NewAccount, StringComparison.Ordinal))
        {
            throw AcmeException.Unauthorized("The binding's url is not the address that the request was sent to.");
        }

        if (await keys.FindAsync(request.Provisioner.Name, jws.KeyId, cancellationToken) is not { } key || !jws.Verify(key))
        {
            throw AcmeException.Unauthorized("The binding is of no key of this server, of one that made an account, or its MAC is wrong.");
        }

        return KeyOf(jws) == request.Key.Thumbprint() ? jws.KeyId : throw AcmeException.Malformed("The binding is for another key than the request's.");
    }

    private static string KeyOf(MacJws jws) => AcmeRequests.KeyOf(System.Text.Encoding.UTF8.GetString(jws.Payload.Span), "The binding's payload").Thumbprint();
}
