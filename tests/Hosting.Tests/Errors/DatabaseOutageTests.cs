using Npgsql;

namespace IoTPlatform.Hosting.Tests.Errors;

public sealed class DatabaseOutageTests
{
    [Theory]
    [InlineData("25006", "ERROR", "database_unavailable")] // read-only
    [InlineData("57P01", "FATAL", "database_unavailable")] // ended by an administrator
    [InlineData("57P02", "FATAL", "database_unavailable")]
    [InlineData("57P03", "FATAL", "database_unavailable")] // starting, shutting down, a standby that refuses
    [InlineData("57014", "ERROR", "database_unavailable")] // statement_timeout
    [InlineData("53300", "FATAL", "database_unavailable")] // too many connections
    [InlineData("55000", "FATAL", "database_unavailable")] // accepts no connections
    [InlineData("28P01", "FATAL", "database_unavailable")] // refuses the session: nothing of the request's
    [InlineData("55P03", "ERROR", "database_unavailable")]
    [InlineData("40001", "ERROR", "database_unavailable")]
    [InlineData("08006", "ERROR", "database_unavailable")]
    [InlineData("58030", "ERROR", "database_unavailable")]
    [InlineData("53100", "ERROR", "storage_full")]
    public void Of_Outage_Is503WithRetryAfter(string sqlState, string severity, string code)
    {
        var problem = DatabaseOutage.Of(new InvalidOperationException("EF's", new PostgresException("text", severity, severity, sqlState)));

        problem.ShouldNotBeNull();
        (problem.Status, problem.Code).ShouldBe((503, code));
        problem.RetryAfter.ShouldNotBeNull();
    }

    [Theory]
    [InlineData("23505", null)] // unique
    [InlineData("22021", null)] // a NUL in text
    [InlineData("42601", null)] // a syntax error in our SQL
    [InlineData("42501", "aclchk.c")] // a privilege is missing
    public void Of_StatementOrRow_IsNone(string sqlState, string? file) =>
        DatabaseOutage.Of(new PostgresException("text", "ERROR", "ERROR", sqlState, file: file)).ShouldBeNull();

    [Fact]
    public void Of_FileThatMayNotBeWritten_IsTheDisk() =>
        DatabaseOutage.Of(new PostgresException("could not extend file: Read-only file system", "ERROR", "ERROR", "42501", file: "md.c"))!.Code.ShouldBe("storage_read_only");

    [Fact]
    public void Of_ConnectionLost_IsOne()
    {
        DatabaseOutage.Is(new NpgsqlException("Exception while reading from stream", new EndOfStreamException())).ShouldBeTrue();
        DatabaseOutage.Is(new NpgsqlException("No suitable host was found", new AggregateException())).ShouldBeTrue(); // fail-over among several hosts
        DatabaseOutage.Is(new InvalidOperationException("Connection is not open") { Source = "Npgsql" }).ShouldBeTrue();
        DatabaseOutage.Is(new InvalidOperationException("Connection is not open")).ShouldBeFalse();
    }
}
