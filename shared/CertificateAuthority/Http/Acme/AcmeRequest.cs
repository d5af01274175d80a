using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>A request whose signature, address and nonce are right (RFC 8555 6.2 to 6.5).</summary>
/// <param name="Provisioner">Whose server it was sent to.</param>
/// <param name="Links">Of that server.</param>
/// <param name="Key">That signed it.</param>
/// <param name="Account">Whose key it is; null where the request brought the key itself.</param>
/// <param name="Payload">Empty: POST-as-GET (6.3).</param>
internal sealed record AcmeRequest(AcmeProvisioner Provisioner, AcmeLinks Links, JsonWebKey Key, AcmeAccount? Account, ReadOnlyMemory<byte> Payload)
{
    public bool IsGet => Payload.IsEmpty;

    public AcmeAccount RequiredAccount => Account ?? throw AcmeException.Malformed("This request is signed by an account: its header has kid, not jwk.");

    public T Read<T>(JsonTypeInfo<T> type) => Read(Payload, type);

    /// <summary>POST-as-GET only.</summary>
    public void RequireGet()
    {
        if (!IsGet)
        {
            throw AcmeException.Malformed("This resource is read with POST-as-GET: the payload is empty.");
        }
    }

    internal static T Read<T>(ReadOnlyMemory<byte> json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json.Span, type) ?? throw AcmeException.Malformed("The payload is null.");
        }
        catch (JsonException e)
        {
            throw AcmeException.Malformed("The payload is not the JSON object that belongs here.", e);
        }
    }
}

/// <summary>Reads and judges requests.</summary>
internal sealed class AcmeRequests(AcmeNonces nonces, AcmeAdmission admission)
{
    private const string ContentType = "application/jose+json";
    private static readonly string[] Algorithms = ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"];
    private static readonly AlgorithmSet Allowed = AlgorithmSet.Of(Algorithms);

    public async Task<AcmeRequest> ReadAsync(HttpContext context) => (await ReadAsync<AcmeOrder>(context, lookup: null)).Request;

    /// <summary>With what it is about; null: its account has no such thing. With a <paramref name="lookup"/> it has to be an account's.</summary>
    public async Task<(AcmeRequest Request, T? Found)> ReadAsync<T>(HttpContext context, AcmeLookup<T>? lookup)
        where T : class
    {
        var provisioner = context.Features.GetRequiredFeature<AcmeProvisioner>();
        var links = AcmeLinks.Of(context, provisioner.Name);
        if (context.Request.ContentType is not { } type || !type.Split(';')[0].Trim().Equals(ContentType, StringComparison.OrdinalIgnoreCase))
        {
            throw AcmeException.Of("malformed", $"The content type is not {ContentType}.", StatusCodes.Status415UnsupportedMediaType);
        }

        var jws = await RequestBody.ParseAsync(context, Parse);
        var nonce = await nonces.CheckAsync(jws.Header.Nonce, context.RequestAborted);
        RequireUrl(jws, $"{context.Request.Scheme}://{context.Request.Host}{context.Request.Path}{context.Request.QueryString}");
        if (jws.Header.Jwk is { } key)
        {
            Verify(jws, key);
            _ = await admission.AdmitAsync(nonce, provisioner.Name, expected: null, context.RequestAborted);
            var byKey = new AcmeRequest(provisioner, links, key, Account: null, jws.Payload);
            if (lookup is not null)
            {
                _ = byKey.RequiredAccount;
            }

            return (byKey, null);
        }

        var id = links.AccountId(jws.Header.KeyId!) ?? throw AcmeException.Malformed("The header's kid is no account of this server.");
        var expected = await admission.ExpectAsync(provisioner.Name, id, context.RequestAborted);
        try
        {
            Verify(jws, expected.Verification);
        }
        catch (AcmeException)
        {
            // It may have another key by now.
            var current = await admission.ReadAsync(provisioner.Name, id, context.RequestAborted);
            if (current.Account.Thumbprint == expected.Account.Thumbprint)
            {
                throw;
            }

            Verify(jws, current.Verification);
            expected = current;
        }

        var (admitted, found) = await admission.AdmitAsync(nonce, provisioner.Name, expected, lookup, context.RequestAborted);
        var account = admitted!;
        if (account.Account.Thumbprint != expected.Account.Thumbprint)
        {
            // It has another key by now.
            Verify(jws, account.Verification);
        }

        return (new AcmeRequest(provisioner, links, account.Key, account.Account, jws.Payload), found);
    }

    /// <summary>The inner request of a key change: signed by the new key, for the same address, without a nonce (RFC 8555 7.3.5).</summary>
    public static (JsonWebKey Key, KeyChange Change) ReadKeyChange(ReadOnlyMemory<byte> payload, AcmeLinks links)
    {
        var jws = Parse(payload.Span);
        if (jws.Header is not { Jwk: { } key, Nonce: null })
        {
            throw AcmeException.Malformed("The inner request has no jwk, or has a nonce.");
        }

        RequireUrl(jws, links.KeyChange);
        Verify(jws, key);
        return (key, AcmeRequest.Read(jws.Payload, AcmeJson.Default.KeyChange));
    }

    /// <summary>A key within a payload.</summary>
    public static JsonWebKey KeyOf(string json, string what)
    {
        try
        {
            return JsonWebKey.Parse(json);
        }
        catch (JoseException e)
        {
            throw AcmeException.Malformed($"{what} is no JSON Web Key.", e);
        }
    }

    private static ParsedJws Parse(ReadOnlySpan<byte> body)
    {
        FlattenedJws? sent;
        try
        {
            sent = JsonSerializer.Deserialize(body, AcmeJson.Default.FlattenedJws);
        }
        catch (JsonException e)
        {
            throw AcmeException.Malformed("The body is not a flattened JWS.", e);
        }

        if (sent is not { Protected: { } header, Payload: { } payload, Signature: { } signature, Header: null, Signatures: null })
        {
            throw AcmeException.Malformed("The body is not a flattened JWS of protected, payload and signature, or has an unprotected header.");
        }

        try
        {
            var jws = CompactJws.Parse($"{header}.{payload}.{signature}", RequestBody.MaxBytes);
            return jws.Header is { Jwk: null, KeyId: null } or { Jwk: not null, KeyId: not null } ? throw AcmeException.Malformed("The header has either jwk or kid.") : jws;
        }
        catch (JoseException e)
        {
            throw Refused(e);
        }
    }

    private static void Verify(ParsedJws jws, JsonWebKey key)
    {
        try
        {
            using var verification = VerificationKeyOf(key);
            Verify(jws, verification);
        }
        catch (JoseException e)
        {
            throw Refused(e);
        }
    }

    private static void Verify(ParsedJws jws, VerificationKey key)
    {
        try
        {
            if (!jws.Verify(key, Allowed))
            {
                throw AcmeException.Malformed("The signature does not verify.");
            }
        }
        catch (JoseException e)
        {
            throw Refused(e);
        }
    }

    private static VerificationKey VerificationKeyOf(JsonWebKey key)
    {
        if (key.IsPrivate)
        {
            throw AcmeException.Of("badPublicKey", "The header has a private key.", 400);
        }

        return VerificationKey.From(key);
    }

    private static AcmeException Refused(JoseException e) => e.Error switch
    {
        JoseError.AlgorithmNotAllowed => new AcmeException(
            new AcmeProblem(AcmeProblem.Namespace + "badSignatureAlgorithm", "The signature's algorithm is not one of this server's, or not the key's.") { Algorithms = Algorithms }, 400, e),
        JoseError.KeyNotAllowed => AcmeException.Of("badPublicKey", e.Message, 400, e),
        _ => AcmeException.Malformed(e.Message, e),
    };

    private static void RequireUrl(ParsedJws jws, string expected)
    {
        if (!string.Equals(jws.Header.Url, expected, StringComparison.Ordinal))
        {
            throw AcmeException.Of("unauthorized", "The header's url is not the address that the request was sent to.", StatusCodes.Status401Unauthorized);
        }
    }
}
