using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace IoTPlatform.Hosting;

/// <summary>Logs go to standard error, throttled by <see cref="LogThrottle"/>: standard output is for the progress and ready lines that programs read.</summary>
public static class HostLogging
{
    /// <summary>For what runs before and beside the application.</summary>
    public static ILoggerFactory CreateFactory() => LoggerFactory.Create(logging => logging.AddPlatformLogging());

    public static ILoggingBuilder AddPlatformLogging(this ILoggingBuilder logging)
    {
        logging
            .ClearProviders()
            .SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddFilter("MassTransit", LogLevel.Warning)
            .AddFilter("Npgsql", LogLevel.Warning)
            // It logs each request of a stranger with all its parameters.
            .AddFilter("OpenIddict", LogLevel.Warning)
            // Each of these is thrown as well, and logged or translated where it is caught.
            .AddFilter("Microsoft.EntityFrameworkCore.Database", LogLevel.Critical)
            .AddFilter("Microsoft.EntityFrameworkCore.Query", LogLevel.Critical)
            .AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.Critical)
            // BearerEvents and LoginEvents log the reason of a refused login in one line.
            .AddFilter("Microsoft.AspNetCore.Authentication", LogLevel.Critical)
            // The folder that holds these keys is 0700 and theirs are 0600, as every other secret's here.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error)
            // HostProgram says why a host can't start; a second report with a trace would bury it.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        logging.Services.RemoveAll<ILoggerProvider>();
        logging.Services.AddSingleton<ConsoleLoggerProvider>();
        logging.Services.AddSingleton<ILoggerProvider>(services => new ThrottledLoggerProvider(services.GetRequiredService<ConsoleLoggerProvider>(), TimeProvider.System));
        return logging;
    }
}
