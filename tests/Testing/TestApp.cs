using System.Net.Http.Headers;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shouldly;

namespace IoTPlatform.Testing;

/// <summary>A host as the stacks build it, on a real Kestrel and a real database.</summary>
public sealed class TestApp : IAsyncDisposable
{
    public const string Password = "correct horse battery";
    private readonly TestDatabase _database;
    private readonly NpgsqlDataSource _dataSource;
    private readonly WebApplication _app;

    private TestApp(TestDatabase database, NpgsqlDataSource dataSource, WebApplication app, FakeTime time, LogCapture log)
    {
        _database = database;
        _dataSource = dataSource;
        _app = app;
        Time = time;
        Log = log;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Client { get; }

    public FakeTime Time { get; }

    public LogCapture Log { get; }

    public TestDatabase Database => _database;

    public NpgsqlDataSource DataSource => _dataSource;

    public AccountStore Accounts => _app.Services.GetRequiredService<AccountStore>();

    public IServiceProvider Services => _app.Services;

    public AuditLog Audit => _app.Services.GetRequiredService<AuditLog>();

    public IReadOnlyList<Microsoft.AspNetCore.Http.Endpoint> Endpoints => _app.Services.GetRequiredService<Microsoft.AspNetCore.Routing.EndpointDataSource>().Endpoints;

    /// <param name="map">More endpoints.</param>
    /// <param name="oidc">The identity provider; null: none.</param>
    /// <param name="time">The clock; null: one of its own.</param>
    /// <param name="configure">More services, and where to listen.</param>
    /// <param name="issuer">The host's own issuer; null: one that nobody reaches.</param>
    public static async Task<TestApp> StartAsync(
        Action<WebApplication>? map = null, OidcOptions? oidc = null, FakeTime? time = null, Action<WebApplicationBuilder>? configure = null, IssuerOptions? issuer = null)
    {
        RememberedPasswords.Use();
        var database = await PostgresServer.CreateDatabaseAsync();
        time ??= new FakeTime();
        var log = new LogCapture();
        var dataSource = DataSources.Create(database.ConnectionString);
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddPreparedRsaKeys().AddPlatformHosting(dataSource, time).AddAuditLog().AddAccounts(issuer ?? new IssuerOptions { PublicUrl = new Uri("https://test.example/"), Realm = "cdm" }, oidc);
        configure?.Invoke(builder);
        var app = builder.Build();
        app.UsePlatformHosting();
        app.MapAudit();
        map?.Invoke(app);
        await app.StartAsync();
        return new TestApp(database, dataSource, app, time, log);
    }

    /// <summary>An access token; there need be no account of that name.</summary>
    public string Token(string username, params string[] roles) => IssuedToken.Of(Services, username, roles);

    public async Task<HttpResponseMessage> GetAsync(string path, string? token) => await SendAsync(HttpMethod.Get, path, token);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return await Client.SendAsync(request);
    }

    public static async Task<ApiProblem> ProblemOf(HttpResponseMessage response)
    {
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        return JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(), ContractsJson.Default.ApiProblem)!;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        await _dataSource.DisposeAsync();
        await _database.DisposeAsync();
    }
}
