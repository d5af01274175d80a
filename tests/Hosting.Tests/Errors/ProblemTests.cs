using System.Net;
using System.Text;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting.Tests.Errors;

public sealed class ProblemTests : IAsyncLifetime
{
    private TestApp _app = null!;

    public async Task InitializeAsync() => _app = await TestApp.StartAsync(app =>
    {
        app.MapGet("/conflict", string () => throw new ProblemException(409, "taken", "It is taken.", TimeSpan.FromSeconds(1.2))).AllowAnonymous();
        app.MapGet("/bug", string () => throw new InvalidOperationException("the secret of the exception")).AllowAnonymous();
        app.MapGet("/full", string () => throw new InvalidOperationException("outer", new IOException("No space left on device", 28))).AllowAnonymous();
        app.MapPost("/body", (InitIdentityRequest request) => request.Username).AllowAnonymous();
        app.MapGet("/number", (int n) => n).AllowAnonymous();
        app.MapGet("/late", async context =>
        {
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            throw new InvalidOperationException("too late");
        }).AllowAnonymous();
    });

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [SkippableFact]
    public async Task ProblemException_Thrown_BecomesItsAnswer()
    {
        var response = await _app.GetAsync("/conflict", null);

        response.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));
        (await TestApp.ProblemOf(response)).ShouldBe(new Contracts.ApiProblem { Title = "Conflict", Status = 409, Code = "taken", Detail = "It is taken." });
    }

    [SkippableFact]
    public async Task UnexpectedException_Thrown_Plain500AndTheLogHasIt()
    {
        var response = await _app.GetAsync("/bug", null);

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        var problem = await TestApp.ProblemOf(response);
        problem.Code.ShouldBe("internal_error");
        problem.ToString().ShouldNotContain("secret");
        _app.Log.Text.ShouldContain("the secret of the exception");
        var traceId = problem.Detail!.Split(' ')[^1].TrimEnd('.');
        _app.Log.Text.ShouldContain($"unexpected error in request {traceId}");
    }

    [SkippableFact]
    public async Task DiskFull_Anywhere_503()
    {
        var response = await _app.GetAsync("/full", null);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await TestApp.ProblemOf(response)).Code.ShouldBe("storage_full");
    }

    [SkippableFact]
    public async Task UnexpectedException_AfterTheAnswerBegan_AbortsTheConnection() =>
        await Should.ThrowAsync<HttpRequestException>(async () => await (await _app.Client.GetAsync("/late")).Content.ReadAsStringAsync());

    [SkippableTheory]
    [InlineData("{\"username\":", "malformed_json", "line 1")]
    [InlineData("", "malformed_request", "")]
    [InlineData("{\"username\":\"a\"}", "malformed_json", "missing: 'password'")]
    [InlineData("{\"username\":7,\"password\":\"x\"}", "malformed_json", "line 1")]
    [InlineData("{\"username\":\"a\",\"username\":\"b\",\"password\":\"x\"}", "malformed_json", "")]
    [InlineData("[1,2]", "malformed_json", "")]
    [InlineData("{\"username\":\"a\",\"password\":\"x\"} trailing", "malformed_json", "line 1")]
    public async Task Body_NotTheJsonExpected_400(string body, string code, string detail)
    {
        var response = await PostAsync(body, "application/json");

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await TestApp.ProblemOf(response);
        problem.Code.ShouldBe(code);
        problem.Detail!.ShouldContain(detail);
        problem.Detail!.ShouldNotContain("IoTPlatform");
    }

    [SkippableFact]
    public async Task Body_UnknownMember_Ignored() =>
        (await (await PostAsync("{\"username\":\"a\",\"password\":\"x\",\"later\":1}", "application/json")).Content.ReadAsStringAsync()).ShouldContain("a");

    [SkippableFact]
    public async Task Body_NestedTooDeep_400()
    {
        var deep = "{\"username\":\"a\",\"password\":\"x\",\"z\":" + string.Concat(Enumerable.Repeat("[", 5000)) + string.Concat(Enumerable.Repeat("]", 5000)) + "}";

        (await PostAsync(deep, "application/json")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [SkippableFact]
    public async Task Body_OverTheLimit_413()
    {
        var response = await PostAsync("{\"username\":\"" + new string('a', 70_000) + "\",\"password\":\"x\"}", "application/json");

        response.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await TestApp.ProblemOf(response)).Code.ShouldBe("body_too_large");
    }

    [SkippableFact]
    public async Task Body_OverTheLimitWithoutLength_413()
    {
        using var content = new StreamContent(new MemoryStream(Encoding.ASCII.GetBytes("{\"username\":\"" + new string('a', 70_000) + "\",\"password\":\"x\"}")));
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/body") { Content = content };
        request.Headers.TransferEncodingChunked = true;

        (await _app.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [SkippableTheory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Body_NotDeclaredJson_415(string mediaType)
    {
        var response = await PostAsync("{\"username\":\"a\",\"password\":\"x\"}", mediaType);

        response.StatusCode.ShouldBe(HttpStatusCode.UnsupportedMediaType);
        (await TestApp.ProblemOf(response)).Code.ShouldBe("unsupported_media_type");
    }

    [SkippableTheory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("DELETE", "/bug", 405, "method_not_allowed")]
    [InlineData("GET", "/body", 405, "method_not_allowed")]
    [InlineData("GET", "/portal/audit", 401, "unauthenticated")]
    [InlineData("GET", "/number?n=x", 400, "malformed_request")]
    [InlineData("GET", "/number", 400, "malformed_request")]
    public async Task Status_WithoutABody_GetsAProblem(string method, string path, int status, string code)
    {
        var response = await _app.SendAsync(new HttpMethod(method), path, null);

        ((int)response.StatusCode).ShouldBe(status);
        (await TestApp.ProblemOf(response)).Code.ShouldBe(code);
    }

    [SkippableFact]
    public async Task Answers_Always_HideTheServerAndForbidSniffing()
    {
        foreach (var path in new[] { "/health/live", "/nowhere", "/bug" })
        {
            var response = await _app.GetAsync(path, null);
            response.Headers.Server.ShouldBeEmpty();
            response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        }
    }

    [SkippableFact]
    public async Task Health_DatabaseThere_ReadyAndLive()
    {
        (await _app.Client.GetStringAsync("/health/live")).ShouldBe("""{"status":"ok"}""");
        (await _app.Client.GetStringAsync("/health/ready")).ShouldBe("""{"status":"ok"}""");
    }

    [SkippableFact]
    public async Task Health_DatabaseGone_NotReadyButLive()
    {
        await _app.DataSource.DisposeAsync();
        await _app.Database.DisposeAsync();
        await using var gone = await TestApp.StartAsync();
        await using (var drop = await PostgresServer.CreateEmptyDatabaseAsync())
        {
            await drop.ExecuteAsSuperuserAsync($"DROP DATABASE {gone.Database.Name} WITH (FORCE)");
        }

        var response = await gone.GetAsync("/health/ready", null);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await TestApp.ProblemOf(response)).Code.ShouldBe("database_unavailable");
        (await gone.GetAsync("/health/live", null)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<HttpResponseMessage> PostAsync(string body, string mediaType)
    {
        using var content = new StringContent(body, Encoding.UTF8, mediaType);
        return await _app.Client.PostAsync("/body", content);
    }
}
