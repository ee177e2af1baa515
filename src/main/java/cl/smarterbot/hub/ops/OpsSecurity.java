package cl.smarterbot.hub.ops;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.ProviderManager;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.www.BasicAuthenticationFilter;
import org.springframework.security.web.header.writers.ReferrerPolicyHeaderWriter.ReferrerPolicy;
import org.springframework.security.web.savedrequest.NullRequestCache;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Guards the whole management port: everything needs the operator's password, nothing keeps a session, and a page of another
 * site cannot use the password that a browser remembers.
 */
final class OpsSecurity {

    private static final Logger log = LoggerFactory.getLogger(OpsSecurity.class);

    private static final String REALM = "SmarterOS Hub";

    private OpsSecurity() {}

    static SecurityFilterChain chain(HttpSecurity http, OperatorAccount account, LoginThrottle throttle)
            throws Exception {
        AuthenticationEntryPoint entryPoint = new EntryPoint(throttle);
        http.authenticationManager(new ProviderManager(account))
                .authorizeHttpRequests(
                        requests -> requests.dispatcherTypeMatchers(DispatcherType.ERROR, DispatcherType.ASYNC)
                                .permitAll()
                                // Hawtio can forward requests to other agents; this hub's console is for this hub.
                                .requestMatchers("/actuator/hawtio/proxy/**")
                                .denyAll()
                                .anyRequest()
                                .hasRole(OperatorAccount.ROLE))
                .httpBasic(basic -> basic.authenticationEntryPoint(entryPoint))
                .exceptionHandling(errors -> errors.authenticationEntryPoint(entryPoint)
                        .accessDeniedHandler((request, response, denied) -> Problem.of(
                                        HttpStatus.FORBIDDEN, "forbidden", "Nobody may do this here.")
                                .write(response)))
                .sessionManagement(sessions -> sessions.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
                .requestCache(cache -> cache.requestCache(new NullRequestCache()))
                // Without sessions there is no token to compare: CrossSiteFilter and the admin API's own header do its
                // work.
                .csrf(AbstractHttpConfigurer::disable)
                .formLogin(AbstractHttpConfigurer::disable)
                .logout(AbstractHttpConfigurer::disable)
                .headers(headers -> headers.referrerPolicy(policy -> policy.policy(ReferrerPolicy.NO_REFERRER)))
                .addFilterBefore(new CrossSiteFilter(), BasicAuthenticationFilter.class)
                .addFilterBefore(new ThrottleFilter(throttle), BasicAuthenticationFilter.class);
        return http.build();
    }

    private static boolean carriesCredentials(HttpServletRequest request) {
        return request.getHeader(HttpHeaders.AUTHORIZATION) != null;
    }

    /** Answers 401 and counts wrong passwords. */
    private record EntryPoint(LoginThrottle throttle) implements AuthenticationEntryPoint {
        @Override
        public void commence(HttpServletRequest request, HttpServletResponse response, AuthenticationException failure)
                throws IOException {
            if (carriesCredentials(request)) {
                throttle.failed(request.getRemoteAddr());
                log.warn("Wrong operator credentials from {}", request.getRemoteAddr());
            }
            response.setHeader(HttpHeaders.WWW_AUTHENTICATE, "Basic realm=\"" + REALM + "\", charset=\"UTF-8\"");
            Problem.of(HttpStatus.UNAUTHORIZED, "unauthenticated", "The operator's user and password are needed.")
                    .write(response);
        }
    }

    /** Answers 429 before any password is looked at. */
    private static final class ThrottleFilter extends OncePerRequestFilter {
        private final LoginThrottle throttle;

        ThrottleFilter(LoginThrottle throttle) {
            this.throttle = throttle;
        }

        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            long wait = carriesCredentials(request) ? throttle.waitSeconds(request.getRemoteAddr()) : 0;
            if (wait > 0) {
                response.setHeader(HttpHeaders.RETRY_AFTER, Long.toString(wait));
                Problem.of(
                                HttpStatus.TOO_MANY_REQUESTS,
                                "too-many-failures",
                                "Too many wrong passwords from this address. Wait a minute.")
                        .write(response);
                return;
            }
            chain.doFilter(request, response);
        }
    }

    /**
     * Refuses what a browser sends on behalf of another site. Browsers name the sending page in {@code Origin} (Fetch standard,
     * section 3.1) on everything that changes or that a script wants to read, and cannot be made to lie there.
     */
    private static final class CrossSiteFilter extends OncePerRequestFilter {
        @Override
        protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws ServletException, IOException {
            String origin = request.getHeader(HttpHeaders.ORIGIN);
            boolean crossSite = "cross-site".equals(request.getHeader("Sec-Fetch-Site"))
                    && !"navigate".equals(request.getHeader("Sec-Fetch-Mode"));
            if (crossSite || (origin != null && !sameHost(origin, request.getHeader(HttpHeaders.HOST)))) {
                Problem.of(HttpStatus.FORBIDDEN, "cross-site", "Requests from other sites are refused.")
                        .write(response);
                return;
            }
            chain.doFilter(request, response);
        }

        private static boolean sameHost(String origin, String host) {
            if (host == null) {
                return false;
            }
            try {
                String authority = URI.create(origin).getRawAuthority();
                return authority != null && authority.toLowerCase(Locale.ROOT).equals(host.toLowerCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                return false;
            }
        }
    }
}
