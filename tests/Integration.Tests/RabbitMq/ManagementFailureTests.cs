using IoTPlatform.Hosting;
using IoTPlatform.LocalServices;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.RabbitMq;
using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>What a workflow gets when the management API fails: down recovers by itself, wrong needs an operator.</summary>
[Collection(SharedBroker.Name)]
public sealed class ManagementFailureTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Call_NoListener_IsDown()
    {
        using var api = Api(new Uri($"http://127.0.0.1:{FreePort.Next()}/"));

        (await Should.ThrowAsync<DependencyDownException>(() => AskAsync(api))).Dependency.ShouldBe("broker");
    }

    [Fact]
    public async Task Call_NoAnswer_IsDownAfterTheTimeout()
    {
        using var server = new CannedServer(answer: null);
        using var api = Api(server.Url, TimeSpan.FromMilliseconds(200));

        (await Should.ThrowAsync<DependencyDownException>(() => AskAsync(api))).RetryAfter.ShouldNotBeNull();
    }

    [Fact]
    public async Task Call_CallerGivesUp_IsCancelledAndNotDown()
    {
        using var server = new CannedServer(answer: null);
        using var api = Api(server.Url);
        using var stop = new CancellationTokenSource();

        var call = new RabbitMqApi(api).FindVhostAsync("acme", stop.Token);
        await stop.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Bindings_VhostNotKnown_IsDownAndNotNone()
    {
        using var server = new CannedServer(CannedServer.Http("404 Not Found", "{}"));
        using var api = Api(server.Url);

        await Should.ThrowAsync<DependencyDownException>(() => new RabbitMqApi(api).BindingsAsync("platform", default));
    }

    [Theory]
    [InlineData("500 Internal Server Error")]
    [InlineData("502 Bad Gateway")]
    [InlineData("503 Service Unavailable")]
    [InlineData("429 Too Many Requests")]
    public async Task Call_ServerFault_IsDown(string status)
    {
        using var server = new CannedServer(CannedServer.Http(status, "secret details of the machine"));
        using var api = Api(server.Url);

        (await Should.ThrowAsync<DependencyDownException>(() => AskAsync(api))).Message.ShouldNotContain("secret");
    }

    [Theory]
    [InlineData("<html>a proxy's page</html>")]
    [InlineData("{\"name\":")]
    [InlineData("[]")]
    public async Task Call_UnusableAnswer_IsReportedAsSuch(string body)
    {
        using var server = new CannedServer(CannedServer.Http("200 OK", body));
        using var api = Api(server.Url);

        (await Should.ThrowAsync<ProblemException>(() => AskAsync(api))).Code.ShouldBe("broker_answer_unusable");
    }

    [Fact]
    public async Task Call_EndlessAnswer_IsNotBuffered()
    {
        using var server = new CannedServer("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{");
        using var api = Api(server.Url);

        (await Should.ThrowAsync<ProblemException>(() => AskAsync(api))).Code.ShouldBe("broker_answer_unusable");
    }

    [Fact]
    public async Task Call_Redirect_IsNotFollowed()
    {
        using var server = new CannedServer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var api = Api(server.Url);

        (await Should.ThrowAsync<ProblemException>(() => AskAsync(api))).Code.ShouldBe("broker_refused");
    }

    [SkippableFact]
    public async Task Call_WrongPassword_NamesTheSetting()
    {
        var broker = await RabbitMqServer.SharedAsync();
        using var api = ProvisionerFixture.Connect(broker.ManagementUrl, "not the password", await File.ReadAllTextAsync(broker.RootFile));

        var refused = await Should.ThrowAsync<ProblemException>(() => AskAsync(api));

        refused.Code.ShouldBe("broker_login_refused");
        refused.Status.ShouldBe(503);
        refused.Message.ShouldContain("IOT_RABBITMQ_PASSWORD_FILE");
        refused.ToString().ShouldNotContain("not the password");
    }

    [SkippableFact]
    public async Task Call_CertificateOfAnotherRoot_IsNotTrusted()
    {
        var broker = await RabbitMqServer.SharedAsync();
        using var other = new ThrowAwayCa();
        using var api = ProvisionerFixture.Connect(broker.ManagementUrl, broker.Password, other.RootPem);

        (await Should.ThrowAsync<ProblemException>(() => AskAsync(api))).Code.ShouldBe("broker_not_trusted");
    }

    private static RabbitMqManagement Api(Uri url, TimeSpan? timeout = null)
    {
        using var ca = new ThrowAwayCa();
        return ProvisionerFixture.Connect(url, "password", ca.RootPem, timeout ?? Patience);
    }

    private static Task AskAsync(RabbitMqManagement api) => new RabbitMqApi(api).FindVhostAsync("acme", CancellationToken.None);
}
