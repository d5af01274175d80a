using System.Text;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>
/// wire-dpop-01: the Wire server says whose the client is, in an access token that holds the client's own proof (DPoP, RFC 9449) and names its key. The proof is signed by the account's key, for
/// this challenge alone.
/// </summary>
internal sealed class WireDpopChallenge : IPresentedChallenge
{
    public const string Kind = "wire-dpop-01";

    private const string ProofType = "dpop+jwt";
    private const string Scope = "wire_client_id";
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    public string Type => Kind;

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => identifier.Type == WireIdentity.Device;

    public string? TargetOf(AcmeProvisioner provisioner, AcmeIdentifier identifier) => provisioner.Wire?.Dpop.TargetFor(WireIdentity.Parse(identifier).DeviceId);

    public string Read(ReadOnlyMemory<byte> payload) =>
        AcmeRequest.Read(payload, AcmeJson.Default.WireAccessToken).AccessToken is { Length: > 0 } token ? token : throw AcmeException.Malformed("The payload has no access_token.");

    public Task<ChallengeProof> JudgeAsync(PresentedEvidence presented, CancellationToken cancellationToken)
    {
        var server = (presented.Provisioner.Wire ?? throw new InvalidOperationException("A provisioner that offers the challenge has its options.")).Dpop;
        var device = WireIdentity.Parse(presented.Identifier);
        try
        {
            var access = CompactJws.Parse(presented.Evidence);
            var claims = AccessOf(access, server, device, presented);
            var proof = ProofOf(claims, server.TargetFor(device.DeviceId), device, presented);
            return Task.FromResult(new ChallengeProof { Claims = Encoding.UTF8.GetString(proof.Span) });
        }
        catch (JoseException e)
        {
            throw AcmeException.RejectedIdentifier($"The access token proves nothing: {e.Message}", e);
        }
    }

    private static JwtClaims AccessOf(ParsedJws access, WireDpop server, WireIdentity device, PresentedEvidence presented)
    {
        Require(KeyIdOf(access) == server.KeyId, "it is signed by another key than the Wire server's");
        Require(access.Verify(server.Key, AlgorithmSet.Signatures), "its signature does not verify");
        var claims = Claims(access, presented, new JwtPolicy
        {
            Issuer = server.TargetFor(device.DeviceId),
            Audiences = [presented.Url],
            ClockSkew = ClockSkew,
            RequiredClaims = ["iss", "aud", "exp", "chal", "nonce", "client_id", "scope", "cnf", "proof"],
        });
        Require(claims["cnf"] is { ValueKind: System.Text.Json.JsonValueKind.Object } cnf && cnf.TryGetProperty("kid", out var kid) && kid.ValueEquals(presented.Account.Thumbprint), "it is for another key than the account's");
        Require(claims.GetString("client_id") == device.ClientId, "it is of another client");
        Require(claims.GetString("scope") == Scope, "it is for another purpose");
        Require(claims.GetString("chal") == presented.Token, "it is for another challenge");
        return claims;
    }

    /// <summary>The claims, as they were signed.</summary>
    private static ReadOnlyMemory<byte> ProofOf(JwtClaims access, string target, WireIdentity device, PresentedEvidence presented)
    {
        var proof = CompactJws.Parse(access.GetString("proof"));
        Require(string.Equals(proof.Header.Type, ProofType, StringComparison.OrdinalIgnoreCase), "its proof is no DPoP proof");
        Require(KeyIdOf(proof) == presented.Account.Thumbprint, "its proof is signed by another key than the account's");
        using (var key = VerificationKey.From(JsonWebKey.Parse(presented.Account.Jwk)))
        {
            Require(proof.Verify(key, AlgorithmSet.Signatures), "the signature of its proof does not verify");
        }

        var claims = Claims(proof, presented, new JwtPolicy
        {
            Audiences = [presented.Url],
            ClockSkew = ClockSkew,
            RequiredClaims = ["aud", "exp", "sub", "htu", "chal", "nonce", "handle", "name"],
        });
        Require(claims.GetString("htu") == target, "its proof is for another server");
        Require(claims.Subject == device.ClientId, "its proof is of another client");
        Require(claims.GetString("nonce") == access.GetString("nonce"), "its proof has another nonce");
        Require(claims.GetString("chal") == presented.Token, "its proof is for another challenge");
        Require(claims.GetString("handle") == device.Handle && claims.GetString("name") == device.Name, "its proof is of another person");
        return proof.Payload;
    }

    private static JwtClaims Claims(ParsedJws token, PresentedEvidence presented, JwtPolicy policy)
    {
        var claims = JwtClaims.Parse(token.Payload);
        policy.Check(claims, presented.Now);
        Require(claims.Expires <= presented.Now + Longest, "it or its proof is valid for too long");
        return claims;
    }

    /// <summary>Named, or of the key that it brings: which proves nothing until the signature is verified with the one that is expected.</summary>
    private static string? KeyIdOf(ParsedJws token) => token.Header.KeyId is { Length: > 0 } kid ? kid : token.Header.Jwk?.Thumbprint();

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new JoseException(JoseError.KeyNotAllowed, otherwise + ".");
        }
    }
}
