namespace IoTPlatform.Database.Tests.Postgres;

public sealed class PostgresCommandTests
{
    [Theory]
    [InlineData(1, 256)]
    [InlineData(16, 819)]
    [InlineData(30, 1536)]
    [InlineData(1000, 2048)]
    public void Log_IsATwentiethOfTheDisk_WithinBounds(long gibibytes, long megabytes) => PostgresCommand.LogMegabytes(gibibytes << 30).ShouldBe(megabytes);
}
