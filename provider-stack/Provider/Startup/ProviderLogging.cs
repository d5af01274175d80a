namespace IoTPlatform.Provider.Startup;

/// <summary>Logs go to standard error: standard output is for the lines a program waits for.</summary>
internal static class ProviderLogging
{
    public static void Configure(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("MassTransit", LogLevel.Warning);
        logging.AddFilter("Npgsql", LogLevel.Warning);
        // The folder that holds these keys is 0700 and theirs are 0600, as every other secret's here.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
    }
}
