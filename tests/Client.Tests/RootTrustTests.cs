using System.Text.Json;
using IoTPlatform.Client.Tests.Doubles;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Client.Tests;

public sealed class RootTrustTests
{
    private static Task Root(HttpContext context, TestAuthority authority) => context.Response.WriteAsync(JsonSerializer.Serialize(new { ca = authority.RootPem }));

    [Fact]
    public async Task FetchAsync_RightFingerprint_TrustsThatRoot()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => Root(context, server.Authority);

        var trust = await RootTrust.FetchAsync(server.Url, server.Trust.Fingerprint.ToUpperInvariant());

        trust.Fingerprint.ShouldBe(server.Trust.Fingerprint);
        server.Seen.Single().Path.ShouldBe($"/root/{server.Trust.Fingerprint}");
    }

    [Fact]
    public async Task FetchAsync_AnotherRootThanAskedFor_IsRefused()
    {
        await using var server = await FaultyServer.StartAsync();
        using var attacker = new TestAuthority("Attacker");
        server.Answer = (context, _) => Root(context, attacker);

        var e = await Should.ThrowAsync<UnreachableException>(() => RootTrust.FetchAsync(server.Url, server.Trust.Fingerprint));

        e.Reason.ShouldBe(UnreachableReason.Untrusted);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"ca\":17}")]
    [InlineData("{\"ca\":null}")]
    [InlineData("{\"ca\":\"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\"}")]
    public async Task FetchAsync_NoRoot_IsNotThisApi(string body)
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.Response.WriteAsync(body);

        var e = await Should.ThrowAsync<UnreachableException>(() => RootTrust.FetchAsync(server.Url, server.Trust.Fingerprint));

        e.Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    [Fact]
    public async Task FetchAsync_EndlessAnswer_IsCutOff()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.Response.WriteAsync(new string('x', 200_000));

        var e = await Should.ThrowAsync<UnreachableException>(() => RootTrust.FetchAsync(server.Url, server.Trust.Fingerprint));

        e.Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    [Fact]
    public async Task FetchAsync_ServerDoesNotKnowIt_IsA404()
    {
        await using var server = await FaultyServer.StartAsync();

        (await Should.ThrowAsync<ApiException>(() => RootTrust.FetchAsync(server.Url, server.Trust.Fingerprint))).Status.ShouldBe(404);
    }

    [Fact]
    public void Normalize_ColonsAndCase_AreTaken() =>
        RootTrust.Normalize(string.Join(':', Enumerable.Repeat("AB", 32))).ShouldBe(string.Concat(Enumerable.Repeat("ab", 32)));

    [Theory]
    [InlineData("")]
    [InlineData("abcd")]
    [InlineData("zz00000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("../admin00000000000000000000000000000000000000000000000000000000")]
    public void Normalize_NoSha256_IsRefused(string text) => Should.Throw<FormatException>(() => RootTrust.Normalize(text));
}
