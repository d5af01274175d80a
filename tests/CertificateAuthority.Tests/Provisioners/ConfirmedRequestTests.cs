using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Tokens that confirm one request (RFC 7800).</summary>
public sealed class ConfirmedRequestTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableFact]
    public async Task Token_ConfirmsTheRequest_Buys()
    {
        using var key = StepCaCalls.NewKey();
        var csr = StepCaCalls.Csr(key, "a.test", "a.test");

        (await SignAsync(csr, new JsonObject { ["x5rt#S256"] = DigestOf(csr) })).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Token_ConfirmsAnotherRequest_IsRefusedAndUnspent()
    {
        using var key = StepCaCalls.NewKey();
        using var thief = StepCaCalls.NewKey();
        var csr = StepCaCalls.Csr(key, "a.test", "a.test");
        var token = Token(new JsonObject { ["x5rt#S256"] = DigestOf(csr) });
        using var client = _ca.Client();

        (await client.SignAsync(StepCaCalls.Csr(thief, "a.test", "a.test"), token)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await client.SignAsync(csr, token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("""{"jkt":"AAAA"}""")]
    [InlineData("""{"x5rt#S256":"AAAA"}""")]
    [InlineData("""{"x5rt#S256":7}""")]
    [InlineData("""{}""")]
    [InlineData("""[]""")]
    [InlineData("\"AAAA\"")]
    public async Task Confirmation_NotUnderstood_IsRefused(string confirmation)
    {
        using var key = StepCaCalls.NewKey();

        (await SignAsync(StepCaCalls.Csr(key, "a.test", "a.test"), JsonNode.Parse(confirmation)!)).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static string DigestOf(string csr) => Base64Url.EncodeToString(SHA256.HashData(CertificateSigningRequest.ParsePem(csr).Der.Span));

    private string Token(JsonNode confirmation)
    {
        var claims = _ca.Claims("a.test");
        claims["cnf"] = confirmation;
        return _ca.Token(claims);
    }

    private async Task<StepCaReply> SignAsync(string csr, JsonNode confirmation)
    {
        using var client = _ca.Client();
        return await client.SignAsync(csr, Token(confirmation));
    }
}
