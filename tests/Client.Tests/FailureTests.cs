using System.Net;
using System.Net.Sockets;
using IoTPlatform.Client.Tests.Doubles;
using IoTPlatform.LocalServices;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Client.Tests;

/// <summary>What a caller gets for an answer that is not the expected one.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task Problem_CodeDetailAndRetryAfter_ReachTheCaller()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(503, "dependency_unavailable", "the broker is down", retryAfter: 7);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        var e = await Should.ThrowAsync<ApiException>(() => client.ReplaceJoinKeyAsync("acme"));

        (e.Status, e.Code, e.Message, e.RetryAfter, e.IsTransient).ShouldBe((503, "dependency_unavailable", "the broker is down", TimeSpan.FromSeconds(7), true));
    }

    [Fact]
    public async Task StepCaError_MessageIsTheDetail()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => Raw(context, 401, "{\"status\":401,\"message\":\"no authorization\"}");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        var e = await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"));

        (e.Status, e.Code, e.Message).ShouldBe((401, "http_401", "no authorization"));
    }

    [Theory]
    [InlineData("<html>Bad gateway</html>")]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{\"code\":5}")]
    public async Task SomethingElse_StatusIsTheCode(string body)
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => Raw(context, 418, body);
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Code.ShouldBe("http_418");
    }

    [Fact]
    public async Task Problem_ControlCharacters_NeverReachTheTerminal()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(400, "bad", "\u001b[2Jgone\r\n\u0007");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Message.ShouldNotContain('\u001b');
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) =>
        {
            context.Response.Redirect("https://localhost:1/elsewhere");
            return Task.CompletedTask;
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());
        client.UseToken("token");

        (await Should.ThrowAsync<ApiException>(() => client.GetTenantAsync("acme"))).Status.ShouldBe(302);
    }

    [Fact]
    public async Task NotJson_IsNotThisApi()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => Raw(context, 200, "<html>hello</html>");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<UnreachableException>(() => client.GetTenantAsync("acme"))).Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    [Fact]
    public async Task AnswerWithoutRequiredMembers_IsNotThisApi()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => Raw(context, 200, "{\"tenant_id\":\"acme\"}");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<UnreachableException>(() => client.GetTenantAsync("acme"))).Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    [Fact]
    public async Task HugeAnswer_IsCutOff()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = async (context, _) =>
        {
            var block = new byte[1024 * 1024];
            for (var i = 0; i < 9 && !context.RequestAborted.IsCancellationRequested; i++)
            {
                await context.Response.Body.WriteAsync(block, CancellationToken.None);
            }
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        (await Should.ThrowAsync<UnreachableException>(() => client.RevokeJoinKeyAsync("acme"))).Reason.ShouldBe(UnreachableReason.NotThisApi);
    }

    [Fact]
    public async Task Silence_TimesOut()
    {
        await using var server = await FaultyServer.StartAsync();
        var release = new TaskCompletionSource();
        server.Answer = (_, _) => release.Task;
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider(), timeout: TimeSpan.FromMilliseconds(300));

        (await Should.ThrowAsync<UnreachableException>(() => client.RevokeJoinKeyAsync("acme"))).Reason.ShouldBe(UnreachableReason.TimedOut);

        release.SetResult();
    }

    [Fact]
    public async Task Cancellation_IsNoTimeOut()
    {
        await using var server = await FaultyServer.StartAsync();
        var release = new TaskCompletionSource();
        using var cancel = new CancellationTokenSource();
        server.Answer = async (_, _) =>
        {
            await cancel.CancelAsync();
            await release.Task;
        };
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        await Should.ThrowAsync<OperationCanceledException>(() => client.GetTenantAsync("acme", cancel.Token));

        release.SetResult();
    }

    [Fact]
    public async Task NoListener_IsAConnectionFailure()
    {
        using var authority = new TestAuthority();
        using var client = TenantClient.Create(new Uri($"https://localhost:{FreePort.Next()}/"), RootTrust.FromCertificate(authority.Root).Tenant("acme.iot.example"));

        var e = await Should.ThrowAsync<UnreachableException>(() => client.RevokeTokenAsync(Guid.Empty));

        (e.Reason, e.IsTransient).ShouldBe((UnreachableReason.Connection, true));
    }

    [Fact]
    public async Task ServerThatSpeaksNoTls_MayBeAnotherTheNextTime()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var talk = Task.Run(async () =>
        {
            using var connection = await listener.AcceptTcpClientAsync();
            await connection.GetStream().WriteAsync("SSH-2.0-OpenSSH_9.2\r\n"u8.ToArray());
            // Ours hangs up once it has read that this is not TLS.
            await connection.GetStream().CopyToAsync(Stream.Null);
        });
        using var authority = new TestAuthority();
        using var client = TenantClient.Create(new Uri($"https://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/"), RootTrust.FromCertificate(authority.Root).Tenant("acme.iot.example"));

        (await Should.ThrowAsync<UnreachableException>(() => client.RevokeTokenAsync(Guid.Empty))).Reason.ShouldBe(UnreachableReason.Connection);

        await talk;
    }

    [Fact]
    public async Task Secrets_NeverAppearInAnException()
    {
        await using var server = await FaultyServer.StartAsync();
        server.Answer = (context, _) => context.ProblemAsync(401, "join_key_refused", "refused");
        using var client = ProviderClient.Create(server.Url, server.Trust.Provider());

        var e = await Should.ThrowAsync<ApiException>(() => client.JoinAsync("ABCD-EFGH-JKLM-NPQR", new() { SubCaCsr = "a", MqttBridgeCsr = "b" }));

        e.ToString().ShouldNotContain("ABCD-EFGH");
    }

    private static Task Raw(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body);
    }
}
