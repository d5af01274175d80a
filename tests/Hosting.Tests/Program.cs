using System.Net;
using System.Net.Sockets;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Tests.Startup;
using IoTPlatform.Pki;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

// The real process that tests start, signal and kill: dotnet IoTPlatform.Hosting.Tests.dll <what> [argument]
return await HostProgram.RunAsync(args, async (arguments, stop) =>
{
    var argument = arguments.ElementAtOrDefault(1) ?? "";
    switch (arguments[0])
    {
        case "data-folder":
            using (DataFolder.Open(argument))
            {
                Console.WriteLine("ready");
                await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            break;
        case "wait":
            Console.WriteLine("ready");
            await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => { }, TaskScheduler.Default);
            Console.WriteLine("stopped cleanly");
            break;
        case "work":
            Console.WriteLine("ready");
            await Task.Delay(Timeout.Infinite, stop);
            break;
        case "deaf":
            Console.WriteLine("ready");
            stop.Register(() => Console.WriteLine("first signal"));
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            break;
        case "refused":
            throw new StartupException("the reason.", 3);
        case "bug":
            throw new InvalidOperationException("a bug");
        case "full-disk":
            await File.WriteAllTextAsync("/dev/full", "x", stop);
            break;
        case "port":
            var listener = new TcpListener(IPAddress.Loopback, int.Parse(argument, System.Globalization.CultureInfo.InvariantCulture));
            listener.Start();
            break;
        case "kestrel":
            var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            await using (var app = builder.Build())
            {
                app.Urls.Add("http://127.0.0.1:" + argument);
                await app.StartAsync(stop);
            }

            break;
        case "dates":
            await Zones.RunAsync(argument, stop);
            break;
        case "wrong-password":
            throw new PkiException(PkiError.WrongPassword, "The password of the key file is wrong.");
    }
});
