using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Acme.Challenges;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>wire-oidc-01: the persons' identity provider says who asks, in an ID token that was made for this challenge and this account's key alone.</summary>
internal sealed class WireOidcChallenge : IPresentedChallenge
{
    public const string Kind = "wire-oidc-01";

    public string Type => Kind;

    public bool CanProve(AcmeIdentifier identifier, bool isWildcard) => identifier.Type == WireIdentity.User;

    public string? TargetOf(AcmeProvisioner provisioner, AcmeIdentifier identifier) => provisioner.Wire?.Oidc.Target;

    public string Read(ReadOnlyMemory<byte> payload) => AcmeRequest.Read(payload, AcmeJson.Default.WireIdToken).IdToken is { Length: > 0 } token ? token : throw AcmeException.Malformed("The payload has no id_token.");

    public async Task<ChallengeProof> JudgeAsync(PresentedEvidence presented, CancellationToken cancellationToken)
    {
        var oidc = (presented.Provisioner.Wire ?? throw new InvalidOperationException("A provisioner that offers the challenge has its options.")).Oidc;
        try
        {
            var token = CompactJws.Parse(presented.Evidence);
            var claims = await oidc.VerifyAsync(token, cancellationToken);
            Require(claims.GetString("keyauth") == presented.KeyAuthorization, "The ID token is for another challenge, or another account's key.");
            Require(claims.GetString("acme_aud") == presented.Url, "The ID token is for another challenge.");
            var person = WireIdentity.Parse(presented.Identifier);
            var read = oidc.Transform(token);
            Require(TextOf(read, "name") == person.Name && TextOf(read, "preferred_username") == person.Handle, "The ID token is of another person.");
            return new ChallengeProof { Claims = read.ToJsonString() };
        }
        catch (JoseException e)
        {
            throw AcmeException.RejectedIdentifier($"The ID token proves nothing: {e.Message}", e);
        }
    }

    private static string? TextOf(JsonObject json, string member) => json[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw AcmeException.RejectedIdentifier(otherwise);
        }
    }
}
